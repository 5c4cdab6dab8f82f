// SPDX-License-Identifier: Apache-2.0

package jira

import "portreeve.org/portreeve/internal/kernel/foreign"

// What cannot be taken over from Jira. The words are the same for every issue, so
// that a report can count them.
var (
	lossIssue      = foreign.Loss{What: "task", Why: "The issue, or one of its fields, could not be read in whole."}
	lossHistory    = foreign.Loss{What: "history", Why: "The export does not hold the whole history of the issue; export it with its changelog."}
	lossComments   = foreign.Loss{What: "comments", Why: "The export does not hold all comments of the issue."}
	lossEvent      = foreign.Loss{What: "events", Why: "Some comments or changes could not be read."}
	lossVersions   = foreign.Loss{What: "earlier versions of comments", Why: "Comments were edited; the server keeps only their last version."}
	lossRemoved    = foreign.Loss{What: "removed comments", Why: "Comments were removed; their text is not taken over."}
	lossVisibility = foreign.Loss{What: "visibility of comments", Why: "Comments are for some people only; the whole task counts as restricted."}
	lossLevel      = foreign.Loss{What: "security level", Why: "The export does not say whether the issue has one; it counts as restricted."}
	lossPeople     = foreign.Loss{What: "people", Why: "Somebody who acted is not named; an identifier is kept if there is one."}
	lossStatus     = foreign.Loss{What: "kind of status", Why: "The category of the status is missing; whether it is open was told by its closing date."}
	lossDates      = foreign.Loss{What: "dates", Why: "Something has no date, or one that cannot be read."}
	lossFields     = foreign.Loss{What: "fields of the organisation's own", Why: "Custom fields are not taken over."}
	lossFiles      = foreign.Loss{What: "attachments", Why: "Files are not taken over; the task's page there still has them."}
	lossLinks      = foreign.Loss{What: "links", Why: "Links to other issues, parents and subtasks are not taken over."}
	lossWork       = foreign.Loss{What: "work logged", Why: "Times that people logged are not taken over."}
	lossOther      = foreign.Loss{What: "other fields", Why: "Versions, environment, due dates and estimates are not taken over."}
	lossMarkup     = foreign.Loss{What: "formatting", Why: "A text is in the markup of Jira; it is kept as it stands."}
	lossNodes      = foreign.Loss{What: "parts of a text", Why: "A text has parts of an unknown kind; only their words are kept."}
	lossText       = foreign.Loss{What: "text", Why: "A text could not be read."}
)

// Losses are all that reading an issue can add, besides those of [foreign.Bounded].
func Losses() []foreign.Loss {
	return []foreign.Loss{
		lossIssue, lossHistory, lossComments, lossEvent, lossVersions, lossRemoved, lossVisibility, lossLevel, lossPeople,
		lossStatus, lossDates, lossFields, lossFiles, lossLinks, lossWork, lossOther, lossMarkup, lossNodes, lossText,
	}
}
