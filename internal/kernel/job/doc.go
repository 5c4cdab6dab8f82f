// SPDX-License-Identifier: Apache-2.0

// Package job runs work that must happen although the request that asked for it
// is over: mails, removals, reminders, retention.
//
// A job is a row written in the transaction of the decision that wants it
// ([Queue.Enqueue]), so that there is never one without the other. A [Runner]
// executes it at least once: a handler must bear being run again.
//
//	          enqueue                claim              handler succeeds
//	(none) -------------> ready --------------> running ----------------> (gone)
//	                      ^ ^                   |  |
//	                      | | fails, or the     |  | last attempt fails,
//	                      | | lease runs out    |  | or the error is permanent
//	                      | +-------------------+  v
//	                      +---------------------- dead
//	                               requeue
//
// When a job runs is decided by domain time, so that a demonstration that looks
// at the day after a deadline also sees what is done then. How long a runner may
// hold a job is real time. The lease outlasts the handler's time limit, so a job
// is taken over only from a process that has died.
//
// The package owns the table job_job and the entry kind job.requeued. It refuses
// to run a kind that nobody has defined: such jobs wait for a program that knows them.
package job
