// SPDX-License-Identifier: Apache-2.0

package matrix

import "slices"

// Stated are inputs as somebody states them. What is absent is left to the facts
// of the subject.
type Stated struct {
	Data            Data      `json:"data,omitempty" enum:"none,public,internal,personal,sensitive" doc:"most sensitive class of data touched; default: what the subject states"`
	Direction       Direction `json:"direction,omitempty" enum:"outbound,inbound,both" doc:"where data goes, seen from the side that is trusted more; default: what the subject states"`
	Access          Access    `json:"access,omitempty" enum:"read,write,read_write" doc:"default: what the subject states"`
	Volume          Volume    `json:"volume,omitempty" enum:"low,medium,high" doc:"default: what the subject states"`
	CrossesBoundary *bool     `json:"crosses_boundary,omitempty" doc:"a trust boundary is crossed; default: what follows from the subject"`
	LowerTrust      *bool     `json:"lower_trust,omitempty" doc:"production reaches into a realm that is trusted less; default: what follows from the subject"`
	Assurances      string    `json:"assurances,omitempty" maxLength:"20000" doc:"what assures that it is safer than it looks; empty: nothing"`
	MitigationPlan  bool      `json:"mitigation_plan,omitempty" doc:"not taken: it is derived from the risk's mitigation actions"`
}

// Stated returns the inputs as somebody states them who leaves nothing out.
func (in Inputs) Stated() Stated {
	return Stated{
		Data: in.Data, Direction: in.Direction, Access: in.Access, Volume: in.Volume,
		CrossesBoundary: &in.CrossesBoundary, LowerTrust: &in.LowerTrust,
		Assurances: in.Assurances, MitigationPlan: in.MitigationPlan,
	}
}

// Facts are what is known of inputs from elsewhere. An empty field and false say
// nothing. They bound inputs from below: inputs may say worse, never milder.
type Facts struct {
	Data            Data
	Direction       Direction
	Access          Access
	Volume          Volume
	CrossesBoundary bool
	LowerTrust      bool
}

// Facts returns the inputs as facts that bound others.
func (in Inputs) Facts() Facts {
	return Facts{
		Data: in.Data, Direction: in.Direction, Access: in.Access, Volume: in.Volume,
		CrossesBoundary: in.CrossesBoundary, LowerTrust: in.LowerTrust,
	}
}

// Milder is an input that says less than the facts, and the values that would not.
type Milder struct {
	Path   string // JSON name of the input
	Enough []string
}

// Over returns base with what is stated in its place; assurances are those
// stated, also none.
func (s Stated) Over(base Inputs) Inputs {
	base.Assurances, base.MitigationPlan = s.Assurances, s.MitigationPlan
	put(&base.Data, s.Data)
	put(&base.Direction, s.Direction)
	put(&base.Access, s.Access)
	put(&base.Volume, s.Volume)
	if s.CrossesBoundary != nil {
		base.CrossesBoundary = *s.CrossesBoundary
	}
	if s.LowerTrust != nil {
		base.LowerTrust = *s.LowerTrust
	}
	return base
}

func put[T ~string](into *T, value T) {
	if value != "" {
		*into = value
	}
}

// Milder lists the inputs that say less than the facts, in the order of their
// fields. Unknown values are not listed; see [Inputs.Problems].
func (f Facts) Milder(in Inputs) []Milder {
	var all []Milder
	note := func(path string, short bool, enough ...string) {
		if short {
			all = append(all, Milder{path, enough})
		}
	}
	note(InputData, less(AllData(), in.Data, f.Data), from(AllData(), f.Data)...)
	note(InputDirection, partOf(in.Direction, f.Direction, Both), both(f.Direction, Both)...)
	note(InputAccess, partOf(in.Access, f.Access, ReadWrite), both(f.Access, ReadWrite)...)
	note(InputVolume, less(AllVolumes(), in.Volume, f.Volume), from(AllVolumes(), f.Volume)...)
	note(InputCrossesBoundary, f.CrossesBoundary && !in.CrossesBoundary, "true")
	note(InputLowerTrust, f.LowerTrust && !in.LowerTrust, "true")
	return all
}

// Raise returns the inputs made no milder than the facts, and filled in with them
// where they are empty; otherwise as they are.
func (f Facts) Raise(in Inputs) Inputs {
	if in.Data == "" || less(AllData(), in.Data, f.Data) {
		in.Data = f.Data
	}
	if in.Volume == "" || less(AllVolumes(), in.Volume, f.Volume) {
		in.Volume = f.Volume
	}
	in.Direction = joint(in.Direction, f.Direction, Both)
	in.Access = joint(in.Access, f.Access, ReadWrite)
	in.CrossesBoundary = in.CrossesBoundary || f.CrossesBoundary
	in.LowerTrust = in.LowerTrust || f.LowerTrust
	return in
}

// less reports whether value stands before least in an ascending scale; what is
// unknown does not.
func less[T comparable](scale []T, value, least T) bool {
	at, floor := slices.Index(scale, value), slices.Index(scale, least)
	return at >= 0 && at < floor
}

func from[T ~string](scale []T, least T) []string {
	return names(scale[max(slices.Index(scale, least), 0):])
}

// partOf reports whether value leaves out something of what must be said. Ways
// and kinds of access are no scale: whoever writes does not read less for that,
// so only the value that stands for both contains another one.
func partOf[T ~string](value, must, both T) bool {
	return must != "" && value != "" && value != must && value != both
}

// joint returns what contains both values.
func joint[T ~string](value, must, both T) T {
	switch {
	case value == "":
		return must
	case partOf(value, must, both):
		return both
	}
	return value
}

func both[T ~string](value, both T) []string {
	if value == both {
		return []string{string(both)}
	}
	return []string{string(value), string(both)}
}

func names[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}

// The inputs that facts can say something about, by their JSON names.
const (
	InputData            = "data"
	InputDirection       = "direction"
	InputAccess          = "access"
	InputVolume          = "volume"
	InputCrossesBoundary = "crosses_boundary"
	InputLowerTrust      = "lower_trust"
)

// Values returns what an input with a list of values may be, the worst last, and
// nil for any other name.
func Values(input string) []string {
	switch input {
	case InputData:
		return names(AllData())
	case InputDirection:
		return names(AllDirections())
	case InputAccess:
		return names(AllAccess())
	case InputVolume:
		return names(AllVolumes())
	default:
		return nil
	}
}

// Set gives the input of that name a value of [Values]; it reports whether there
// is such an input.
func (f *Facts) Set(input, value string) bool {
	switch input {
	case InputData:
		f.Data = Data(value)
	case InputDirection:
		f.Direction = Direction(value)
	case InputAccess:
		f.Access = Access(value)
	case InputVolume:
		f.Volume = Volume(value)
	default:
		return false
	}
	return true
}

// Hold makes the input of that name hold; it reports whether there is such an
// input that holds or does not.
func (f *Facts) Hold(input string) bool {
	switch input {
	case InputCrossesBoundary:
		f.CrossesBoundary = true
	case InputLowerTrust:
		f.LowerTrust = true
	default:
		return false
	}
	return true
}
