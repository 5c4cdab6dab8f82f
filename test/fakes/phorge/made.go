// SPDX-License-Identifier: Apache-2.0

package phorge

import (
	"encoding/json"
	"fmt"
)

// MadeToken is good in a world of Tasks, and MadeProject is the slug that every
// task in it carries.
const (
	MadeToken   = "api-made00000000000000000000000"
	MadeProject = "made-up"
)

// How many of each there are in a made-up world, and its first second.
const (
	madeUsers = 50
	madeTag   = "PHID-PROJ-madeuptag0000000000"
	madeStart = 1_500_000_000
)

// Tasks returns a made-up world of n tasks with that many transactions each, of
// which about six in ten are comments, as in a tracker that people talk in. The
// same arguments make the same world.
func Tasks(n, transactionsEach int) *World {
	w := &World{Token: MadeToken, History: make(map[string][]json.RawMessage, n)}
	w.WhoAmI, w.Statuses = result(recording("user.whoami-bot")), result(recording("maniphest.status.search"))
	for i := 1; i <= madeUsers; i++ {
		w.Users = append(w.Users, Object{ID: i, PHID: userPHID(i), Name: fmt.Sprintf("person%d", i), Bare: fmt.Appendf(nil,
			`{"id":%d,"type":"USER","phid":%q,"fields":{"username":"person%d","realName":"Person %d","roles":["verified","approved","activated"],"dateCreated":%d,"dateModified":%d,"policy":{"view":"public","edit":"no-one"}},"attachments":{}}`,
			i, userPHID(i), i, i, madeStart, madeStart)})
	}
	w.Projects = []Object{{ID: 1, PHID: madeTag, Slug: MadeProject, Name: "Made up", Bare: fmt.Appendf(nil,
		`{"id":1,"type":"PROJ","phid":%q,"fields":{"name":"Made up","slug":%q,"policy":{"view":"public","edit":"users","join":"users"}},"attachments":{}}`, madeTag, MadeProject)}}
	for i := 1; i <= n; i++ {
		o := madeTask(i)
		w.Tasks = append(w.Tasks, o)
		w.History[o.PHID] = madeHistory(i, o.PHID, transactionsEach)
	}
	return w
}

func userPHID(i int) string { return fmt.Sprintf("PHID-USER-madeup%014d", i) }

func madeTask(i int) Object {
	phid := fmt.Sprintf("PHID-TASK-madeup%014d", i)
	created := madeStart + i*1000
	status, closed := `{"value":"open","name":"Open","color":null}`, "null"
	if i%3 == 0 {
		status, closed = `{"value":"resolved","name":"Resolved","color":null}`, fmt.Sprint(created+900)
	}
	o := Object{ID: i, PHID: phid, Projects: []string{madeTag}, Modified: int64(created + 900), Bare: fmt.Appendf(nil,
		`{"id":%d,"type":"TASK","phid":%q,"fields":{"name":"Made-up task %d","description":{"raw":"A description of **some** length, number %d.\n\n* one\n* two"},"authorPHID":%q,"ownerPHID":null,"status":%s,"priority":{"value":80,"name":"High","color":"red"},"points":null,"subtype":"default","closerPHID":null,"dateClosed":%s,"groupByProjectPHID":null,"spacePHID":null,"dateCreated":%d,"dateModified":%d,"policy":{"view":"public","interact":"users","edit":"users"}},"attachments":{}}`,
		i, phid, i, i, userPHID(i%madeUsers+1), status, closed, created, created+900)}
	o.attach(fmt.Sprintf(`{"projects":{"projectPHIDs":[%q]},"columns":{"boards":{%q:{"columns":[{"id":1,"phid":"PHID-PCOL-madeup","name":"In progress"}]}}}}`, madeTag, madeTag))
	return o
}

// madeHistory makes transactions, newest first.
func madeHistory(task int, phid string, n int) []json.RawMessage {
	all := make([]json.RawMessage, n)
	for i := range n {
		kind, comments, fields := `"comment"`, "[]", "{}"
		switch {
		case i == 0:
			kind = `"create"`
		case i%10 == 1:
			kind, fields = `"status"`, `{"old":"open","new":"resolved"}`
		case i%10 == 2:
			kind, fields = `"priority"`, `{"old":{"value":90,"name":"Needs Triage"},"new":{"value":80,"name":"High"}}`
		case i%10 == 3:
			kind, fields = `"subscribers"`, fmt.Sprintf(`{"operations":[{"operation":"add","phid":%q}]}`, userPHID((task+i)%madeUsers+1))
		case i%10 == 4:
			kind = "null"
		default:
			comments = fmt.Sprintf(`[{"id":%d,"phid":"PHID-XCMT-%d-%d","version":1,"authorPHID":%q,"dateCreated":%d,"dateModified":%d,"removed":false,"content":{"raw":"Comment %d of task %d: what was said then, in two sentences. It would be longer in life."}}]`,
				i, task, i, userPHID((task+i)%madeUsers+1), madeStart+task*1000+i, madeStart+task*1000+i, i, task)
		}
		all[n-1-i] = fmt.Appendf(nil, `{"id":%d,"phid":"PHID-XACT-TASK-%d-%d","type":%s,"authorPHID":%q,"objectPHID":%q,"dateCreated":%d,"dateModified":%d,"groupID":"g%d","comments":%s,"fields":%s}`,
			task*n+i, task, i, kind, userPHID((task+i)%madeUsers+1), phid, madeStart+task*1000+i, madeStart+task*1000+i, i, comments, fields)
	}
	return all
}
