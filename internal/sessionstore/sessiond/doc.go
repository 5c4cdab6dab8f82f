// SPDX-License-Identifier: Apache-2.0

// Package sessiond is the session store as a process: it turns settings into
// parts, puts the parts together, and runs them.
//
// What it owns: the order in which parts start and stop, the ready file, the
// reload on SIGHUP, the lock of the data folder, the metric of what is unsafe, and
// `--dev`, which makes everything that a store needs in one folder. It refuses to
// know what any of the parts does.
//
// From start to ready: lock the data folder, open the keys, open the backends,
// load certificates and policy, take the ports, answer, ask the backend once,
// write the ready file. From the signal to the end: the ready file goes, ports
// close, answers in flight are finished, backends close, the lock is given up.
package sessiond
