// SPDX-License-Identifier: Apache-2.0

package selfcheck

// Result is what came of one bypass.
type Result struct {
	Name string `json:"name"`
	// Refused is false for a bypass that worked and for one that could not be
	// tried, and nil for one that there is nothing to try against.
	Refused *bool  `json:"refused"`
	Detail  string `json:"detail"`

	untried bool
}

// Verdict is what all results come to.
type Verdict int

// The verdicts. Their numbers are the exit codes of the command.
const (
	Refused   Verdict = 0 // every bypass that applies was refused
	Open      Verdict = 2 // at least one was not
	Untried   Verdict = 3 // none worked, but at least one could not be tried
	Unchecked Verdict = 4 // nothing was tried: the service does not serve who may use it
)

// Judge returns the verdict of some results.
func Judge(all []Result) Verdict {
	v, tried := Refused, false
	for _, r := range all {
		switch {
		case r.Refused == nil:
		case *r.Refused:
			tried = true
		case r.untried:
			v = max(v, Untried)
		default:
			return Open
		}
	}
	if !tried && v == Refused {
		return Unchecked
	}
	return v
}

// Word says in a word what came of it, for the table.
func (r Result) Word() string {
	switch {
	case r.Refused == nil:
		return "not applicable"
	case *r.Refused:
		return "yes"
	case r.untried:
		return "NOT TRIED"
	default:
		return "NO"
	}
}

func refused(detail string) Result {
	yes := true
	return Result{Refused: &yes, Detail: detail}
}

func open(detail string) Result {
	no := false
	return Result{Refused: &no, Detail: detail}
}

func untried(detail string) Result {
	no := false
	return Result{Refused: &no, Detail: detail, untried: true}
}

func notApplicable(detail string) Result { return Result{Detail: detail} }
