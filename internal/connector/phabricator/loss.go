// SPDX-License-Identifier: Apache-2.0

package phabricator

import "portreeve.org/portreeve/internal/kernel/foreign"

// What cannot be taken over from Phabricator. The words are the same for every
// task, so that a report can count them.
var (
	lossTask     = foreign.Loss{What: "task", Why: "The server's answer about the task could not be read in whole."}
	lossUnseen   = foreign.Loss{What: "task", Why: "The server does not show the task to the account of the token, or there is none of this number."}
	lossHistory  = foreign.Loss{What: "history", Why: "The server refused the history of the task, or it could not be read."}
	lossEvent    = foreign.Loss{What: "events", Why: "Some events of the history could not be read."}
	lossMany     = foreign.Loss{What: "events", Why: "The history is longer than is read; its oldest events were left out."}
	lossUnnamed  = foreign.Loss{What: "changes of a kind without a name", Why: "The server does not say what they changed, such as moves between columns and policies; only who and when are kept."}
	lossUnknown  = foreign.Loss{What: "changes of an unknown kind", Why: "They are kept with their name and values, but what they mean is not known."}
	lossVersions = foreign.Loss{What: "earlier versions of comments", Why: "Comments were edited; only their last version is kept."}
	lossRemoved  = foreign.Loss{What: "removed comments", Why: "Comments were removed; the server does not give their text."}
	lossPeople   = foreign.Loss{What: "people", Why: "Somebody who acted could not be resolved; their identifier is kept without a name."}
	lossNames    = foreign.Loss{What: "names", Why: "Somebody or something in a change could not be resolved; its identifier is kept."}
	lossLabels   = foreign.Loss{What: "labels", Why: "The server does not show some of the task's projects; they were left out."}
	lossColumns  = foreign.Loss{What: "columns", Why: "The task stands on several boards or columns; one column is kept."}
	lossStatus   = foreign.Loss{What: "kind of status", Why: "The server does not know the task's status; whether it is open was told by its closing date."}
	lossPolicy   = foreign.Loss{What: "policy", Why: "Who may see the task could not be read; it counts as restricted."}
	lossDates    = foreign.Loss{What: "dates", Why: "Something has no date, or one that is none."}
)

// Losses are all that Tasks can add, besides those of [foreign.Bounded].
func Losses() []foreign.Loss {
	return []foreign.Loss{
		lossTask, lossUnseen, lossHistory, lossEvent, lossMany, lossUnnamed, lossUnknown, lossVersions, lossRemoved,
		lossPeople, lossNames, lossLabels, lossColumns, lossStatus, lossPolicy, lossDates,
	}
}
