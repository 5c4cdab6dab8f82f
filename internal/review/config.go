// SPDX-License-Identifier: Apache-2.0

package review

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/review/kind"
)

//go:embed defaults/review.yaml
var defaultPolicy []byte

// policyName names the policy below policy in the configuration.
const policyName = "review"

// Policy is how an organisation runs its reviews: the file named by policy.review.
// The kinds of review are not part of it ([Service.Kinds]). It does not change
// after loading and may be used concurrently.
type Policy struct {
	Clock     ClockRule        `yaml:"clock"`
	Capacity  CapacityRule     `yaml:"capacity"`
	Meeting   MeetingRule      `yaml:"meeting"`
	Reminders RemindersRule    `yaml:"reminders"`
	Weak      kind.WeakAnswers `yaml:"weak"`
	PreScreen kind.PreScreen   `yaml:"prescreen"`
}

// ClockRule says how long a review may take once the clock runs, and when it begins.
type ClockRule struct {
	Days          int    `yaml:"days"`
	Starts        string `yaml:"starts"` // "received", "accepted" or "in_progress"
	config.Source `yaml:",inline"`
}

// When the clock of a review can begin.
const (
	StartsReceived   = "received"
	StartsAccepted   = "accepted"
	StartsInProgress = "in_progress"
)

// CapacityRule says how much of a quarter a reviewer has for reviews where nothing
// was said about it.
type CapacityRule struct {
	Days          float64 `yaml:"days"` // person-days
	config.Source `yaml:",inline"`
}

// MeetingRule says on which day of the week the reviewers meet.
type MeetingRule struct {
	Weekday       string `yaml:"weekday"`
	config.Source `yaml:",inline"`
}

// RemindersRule says how long before the day of an answer or a condition its owner
// is told.
type RemindersRule struct {
	Before        config.Duration `yaml:"before"`
	config.Source `yaml:",inline"`
}

// DefaultPolicy returns the shipped policy.
func DefaultPolicy() (*Policy, error) { return LoadPolicy("defaults/review.yaml", defaultPolicy) }

// LoadPolicy reads a policy from YAML; file is the name that faults use. All that
// is wrong with it is one Invalid fault with file, field and line; a caller with a
// running policy keeps that one. Where a file leaves out the pre-screen or the weak
// answers, the shipped ones count.
func LoadPolicy(file string, data []byte) (*Policy, error) {
	screen, err := kind.ShippedPreScreen()
	if err != nil {
		return nil, err
	}
	weak, err := kind.ShippedWeak()
	if err != nil {
		return nil, err
	}
	p := &Policy{PreScreen: *screen, Weak: *weak}
	if err := config.Decode(file, data, p); err != nil {
		return nil, err
	}
	return p, nil
}

// Validate lists what makes the policy unusable; config.Decode adds file and line.
func (p *Policy) Validate() []fault.Field {
	var wrong []fault.Field
	add := func(path, message string, args ...any) {
		wrong = append(wrong, fault.Field{Path: path, Code: "review.policy", Message: fmt.Sprintf(message, args...)})
	}
	if p.Clock.Days < 1 || p.Clock.Days > 365 {
		add("clock.days", "must be between 1 and 365")
	}
	if !slices.Contains([]string{StartsReceived, StartsAccepted, StartsInProgress}, p.Clock.Starts) {
		add("clock.starts", "must be received, accepted or in_progress")
	}
	if p.Capacity.Days <= 0 || p.Capacity.Days > 92 {
		add("capacity.days", "must be above 0 and at most 92")
	}
	if _, known := p.Meeting.day(); !known {
		add("meeting.weekday", "must be a day of the week in English, such as tuesday")
	}
	if p.Reminders.Before <= 0 {
		add("reminders.before", "must be a length of time, such as 3d")
	}
	return wrong
}

// day returns the weekday, and whether it is one.
func (r MeetingRule) day() (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if r.Weekday == strings.ToLower(d.String()) {
			return d, true
		}
	}
	return 0, false
}
