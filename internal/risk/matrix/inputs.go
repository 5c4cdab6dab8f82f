// SPDX-License-Identifier: Apache-2.0

package matrix

import "slices"

// Data is the most sensitive class of data that is touched.
type Data string

// The classes of data, from the least to the most sensitive.
const (
	DataNone      Data = "none"
	DataPublic    Data = "public"
	DataInternal  Data = "internal"
	DataPersonal  Data = "personal"
	DataSensitive Data = "sensitive"
)

// Direction is where the data goes, seen from the side that is trusted more.
type Direction string

// The directions.
const (
	Outbound Direction = "outbound"
	Inbound  Direction = "inbound"
	Both     Direction = "both"
)

// Access is what may be done with the data.
type Access string

// The kinds of access.
const (
	Read      Access = "read"
	Write     Access = "write"
	ReadWrite Access = "read_write"
)

// Volume is how much of the data or of the traffic takes part.
type Volume string

// The volumes.
const (
	VolumeLow    Volume = "low"
	VolumeMedium Volume = "medium"
	VolumeHigh   Volume = "high"
)

// AllData returns the classes of data in ascending order; the slice is the caller's own.
func AllData() []Data {
	return []Data{DataNone, DataPublic, DataInternal, DataPersonal, DataSensitive}
}

// AllDirections returns the directions; the slice is the caller's own.
func AllDirections() []Direction { return []Direction{Outbound, Inbound, Both} }

// AllAccess returns the kinds of access; the slice is the caller's own.
func AllAccess() []Access { return []Access{Read, Write, ReadWrite} }

// AllVolumes returns the volumes in ascending order; the slice is the caller's own.
func AllVolumes() []Volume { return []Volume{VolumeLow, VolumeMedium, VolumeHigh} }

// Inputs are the stored facts that a proposed rating is made from.
type Inputs struct {
	Data            Data      `json:"data" enum:"none,public,internal,personal,sensitive" doc:"most sensitive class of data touched"`
	Direction       Direction `json:"direction" enum:"outbound,inbound,both" doc:"where data goes, seen from the side that is trusted more"`
	Access          Access    `json:"access" enum:"read,write,read_write"`
	Volume          Volume    `json:"volume" enum:"low,medium,high"`
	CrossesBoundary bool      `json:"crosses_boundary" doc:"a trust boundary is crossed"`
	LowerTrust      bool      `json:"lower_trust" doc:"production reaches into a realm that is trusted less"`
	Assurances      string    `json:"assurances,omitempty" maxLength:"20000" doc:"what assures that it is safer than it looks; empty: nothing"`
	MitigationPlan  bool      `json:"mitigation_plan" required:"false" doc:"a mitigation plan with owners and dates exists; for a registered risk this is derived from its mitigation actions"`
}

// Assured reports whether assurances are given.
func (in Inputs) Assured() bool { return in.Assurances != "" }

// Bare returns the inputs as if nothing had been done about the risk: what its
// inherent rating is proposed from.
func (in Inputs) Bare() Inputs {
	in.Assurances, in.MitigationPlan = "", false
	return in
}

// Problems lists the inputs that are missing or unknown; paths are the JSON names.
func (in Inputs) Problems() []Problem {
	var p problems
	if !slices.Contains(AllData(), in.Data) {
		p.add("data", "Choose one of: none, public, internal, personal, sensitive.")
	}
	if !slices.Contains(AllDirections(), in.Direction) {
		p.add("direction", "Choose one of: outbound, inbound, both.")
	}
	if !slices.Contains(AllAccess(), in.Access) {
		p.add("access", "Choose one of: read, write, read_write.")
	}
	if !slices.Contains(AllVolumes(), in.Volume) {
		p.add("volume", "Choose one of: low, medium, high.")
	}
	return p
}
