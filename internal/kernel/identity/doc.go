// SPDX-License-Identifier: Apache-2.0

// Package identity knows who somebody is.
//
// It owns accounts of people and services, groups and organisations, passwords
// and second factors, sessions, API tokens and the limits on guessing. What
// somebody may do is decided by package authz; identity only hands out the
// [authz.Actor].
//
// The path of an account:
//
//	created ──invitation──> enrolled ──sign-in──> session ──> actor
//	   │                        │                     │
//	   └──────deactivated<──────┘          ended by time, sign-out or epoch
//
// A person proves a password and a second factor; there is no way to sign in
// with one of them alone. Both are set through a one-time link, the first time
// and whenever an administrator resets them: no default or temporary password
// exists. A session belongs to the person's epoch: raising it ([Service.EndAll])
// ends all sessions in the same transaction as whatever made it necessary.
//
// It refuses to say whether a login exists: a failed sign-in runs the same
// statements and the same password hash for an unknown login, a wrong password
// and a wrong code, and gives one answer for all.
//
// All times are real time, never domain time: moving the domain clock must not
// end or lengthen a session.
package identity
