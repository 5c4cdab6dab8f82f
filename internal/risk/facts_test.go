// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// fullFlow registers a flow from production to the cloud that states everything.
func (d *desk) fullFlow() catalog.Subject {
	d.t.Helper()
	d.flow()
	s, err := d.catalog.Register(d.as("triager"), catalog.Registration{
		Kind: "flow", Name: "full", Title: "A flow that states everything", Organisation: "foundation",
		Attributes: map[string]string{"from": "production", "to": "cloud", "data_class": "personal", "direction": "inbound", "access": "read", "volume": "medium"},
	})
	d.must(err)
	return s
}

func (d *desk) register(person, subject string, in matrix.Stated) (risk.Risk, error) {
	return d.risks.Register(d.as(person), risk.RegisterInput{Subject: subject, Act: "call", Title: "R", Threat: "t", Scope: "s", Inputs: in})
}

// What the subject states is the least that a risk about it may state.
func TestFactsComeFromTheSubject(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		flow := d.fullFlow()
		full := matrix.Inputs{Data: matrix.DataPersonal, Direction: matrix.Inbound, Access: matrix.Read, Volume: matrix.VolumeMedium, CrossesBoundary: true, LowerTrust: true}
		r, err := d.register("reviewer", flow.Ref, matrix.Stated{})
		d.must(err)
		if diff := cmp.Diff(full, r.Inputs); diff != "" {
			t.Errorf("nothing stated:\n%s", diff)
		}
		worse := matrix.Stated{Data: matrix.DataSensitive, Direction: matrix.Both, Assurances: "Reviewed."}
		r, err = d.register("reviewer", flow.Ref, worse)
		d.must(err)
		want := full
		want.Data, want.Direction, want.Assurances = matrix.DataSensitive, matrix.Both, "Reviewed."
		if diff := cmp.Diff(want, r.Inputs); diff != "" {
			t.Errorf("worse stated:\n%s", diff)
		}
		harmless := matrix.Inputs{Data: matrix.DataNone, Direction: matrix.Outbound, Access: matrix.Write, Volume: matrix.VolumeLow}.Stated()
		_, err = d.register("reviewer", flow.Ref, harmless)
		wantMilder(t, err, "data", "direction", "access", "volume", "crosses_boundary", "lower_trust")
		_, err = d.risks.Edit(d.as("reviewer"), r.ID, r.Version, risk.EditInput{Inputs: &harmless})
		wantMilder(t, err, "data", "direction", "access", "volume", "crosses_boundary", "lower_trust")
	})
}

// wantMilder checks that exactly these inputs are refused, each with where the
// subject says otherwise and what to do.
func wantMilder(t *testing.T, err error, inputs ...string) {
	t.Helper()
	where := map[string]string{
		"data": "attribute data_class of flow:full", "direction": "attribute direction of flow:full", "access": "attribute access of flow:full",
		"volume": "attribute volume of flow:full", "crosses_boundary": "attribute trust of realm:production and realm:cloud",
		"lower_trust": "attribute trust of realm:production and realm:cloud",
	}
	if !fault.Is(err, fault.Invalid) {
		t.Fatalf("%v is no refusal", err)
	}
	var got []string
	for _, f := range fault.From(err).Fields {
		input := strings.TrimPrefix(f.Path, "inputs.")
		got = append(got, input)
		if f.Code != "milder_than_subject" || !strings.Contains(f.Message, where[input]) || !strings.Contains(f.Message, "correct the subject first") {
			t.Errorf("%s: %s %s", f.Path, f.Code, f.Message)
		}
	}
	if !slices.Equal(got, inputs) {
		t.Errorf("refused are %v, want %v", got, inputs)
	}
}

// A subject that states nothing leaves the inputs to people.
func TestSubjectsThatStateNothing(t *testing.T) {
	d := sqliteDesk(t)
	_, err := d.register("reviewer", d.project().Ref, matrix.Stated{})
	var missing []string
	for _, f := range fault.From(err).Fields {
		missing = append(missing, f.Path)
	}
	if want := []string{"inputs.data", "inputs.direction", "inputs.access", "inputs.volume"}; !slices.Equal(missing, want) {
		t.Errorf("missing are %v, want %v", missing, want)
	}
	harmless := matrix.Inputs{Data: matrix.DataNone, Direction: matrix.Outbound, Access: matrix.Read, Volume: matrix.VolumeLow}
	r, err := d.register("reviewer", "project:tool", harmless.Stated())
	d.must(err)
	if r.Inputs != harmless {
		t.Errorf("stated %+v", r.Inputs)
	}
}

// A realm that loses trust changes what the flows into it state, and with that
// the risks about them.
func TestRatingsFallWithTheRealm(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.flow()
		low := matrix.Cell{Likelihood: 1, Impact: 1}
		register := func(kind, name string, attributes map[string]string) catalog.Subject {
			s, err := d.catalog.Register(d.as("triager"), catalog.Registration{Kind: kind, Name: name, Title: name, Organisation: "foundation", Attributes: attributes})
			d.must(err)
			return s
		}
		realm := register("realm", "new", map[string]string{"trust": "production"})
		flow := register("flow", "inside", map[string]string{"from": "production", "to": "new", "data_class": "none", "direction": "outbound", "access": "read", "volume": "low"})
		r, err := d.register("owner", flow.Ref, matrix.Stated{})
		d.must(err)
		r, err = d.risks.Rate(d.as("reviewer"), r.ID, r.Version, risk.RateInput{Inherent: low, Residual: low})
		d.must(err)
		wantCodes(t, d.codes(flow.Ref))
		d.must(d.changeSubject(realm.Ref, map[string]string{"trust": "community"}))
		wantCodes(t, d.codes(flow.Ref), "risk.not_assessed")
		got, err := d.risks.Get(d.as("reviewer"), r.ID)
		d.must(err)
		if !got.Inputs.LowerTrust || !got.Inputs.CrossesBoundary || !got.Rating.Outdated || got.Rated() || got.Effective().Rating != matrix.High {
			t.Errorf("after the realm lost trust: %+v %+v", got.Inputs, got.Rating)
		}
		if step := got.History[0]; step.Kind != risk.KindFollowed || step.Actor != "person:triager" {
			t.Errorf("the history says %+v", step)
		}
		_, err = d.risks.Ask(d.as("owner"), r.ID, got.Version, d.request())
		wantCode(t, err, "risk.not_rated")
		_, err = d.risks.Rate(d.as("reviewer"), r.ID, got.Version, risk.RateInput{Inherent: low, Residual: low})
		if !fault.Is(err, fault.Invalid) { // differs from the proposal now, so it needs a reason
			t.Errorf("rated as before: %v", err)
		}
		// Trust that comes back brings no rating back.
		d.must(d.changeSubject(realm.Ref, map[string]string{"trust": "production"}))
		wantCodes(t, d.codes(flow.Ref), "risk.not_assessed")
	})
}

// Whatever people state and however the subjects change: what is milder than the
// subjects is refused, exactly that, and no risk says less than its subject or is
// proposed lower than from what the subject states.
func TestFactsAreAFloor(t *testing.T) {
	setDefault(t, "rapid.checks", "100", "20")
	trust := []string{"production", "controlled", "community", "outside"}
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t, storetest.SQLite(t, tables()))
		flow := d.fullFlow()
		states := maps.Clone(flow.Attributes)
		realms := map[string]int{"production": 0, "cloud": 2}
		var risks []string
		pick := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(rt, name) }
		rt.Repeat(map[string]func(*rapid.T){
			"": func(rt *rapid.T) { d.aboveFloor(rt, floorOf(states, realms), risks) },
			"state": func(rt *rapid.T) {
				in := matrix.Inputs{
					Data: matrix.Data(pick("data", texts(matrix.AllData())...)), Direction: matrix.Direction(pick("direction", texts(matrix.AllDirections())...)),
					Access: matrix.Access(pick("access", texts(matrix.AllAccess())...)), Volume: matrix.Volume(pick("volume", texts(matrix.AllVolumes())...)),
					CrossesBoundary: rapid.Bool().Draw(rt, "boundary"), LowerTrust: rapid.Bool().Draw(rt, "lower"),
				}
				r, err := d.register("reviewer", flow.Ref, in.Stated())
				if short := shortOf(floorOf(states, realms), in); (err == nil) != (len(short) == 0) {
					rt.Fatalf("stating %+v, milder in %v: %v", in, short, err)
				}
				if err == nil {
					risks = append(risks, r.ID)
				}
			},
			"rate": func(rt *rapid.T) {
				if len(risks) == 0 {
					return
				}
				id := rapid.SampledFrom(risks).Draw(rt, "risk")
				r, err := d.risks.Get(d.as("sec"), id)
				d.must(err)
				cell := matrix.Cell{Likelihood: rapid.IntRange(1, 5).Draw(rt, "likelihood"), Impact: rapid.IntRange(1, 5).Draw(rt, "impact")}
				_, err = d.risks.Rate(d.as("sec"), id, r.Version, risk.RateInput{Inherent: cell, Residual: cell, Reason: "x"})
				d.must(err)
			},
			"flow": func(rt *rapid.T) {
				states["data_class"], states["access"] = pick("class", append(texts(matrix.AllData()), "")...), pick("way", append(texts(matrix.AllAccess()), "")...)
				states["direction"], states["volume"] = pick("direction", append(texts(matrix.AllDirections()), "")...), pick("much", append(texts(matrix.AllVolumes()), "")...)
				d.must(d.changeSubject(flow.Ref, states))
			},
			"realm": func(rt *rapid.T) {
				name, level := pick("realm", "production", "cloud"), rapid.IntRange(0, 3).Draw(rt, "trust")
				realms[name] = level
				d.must(d.changeSubject("realm:"+name, map[string]string{"trust": trust[level]}))
			},
		})
	})
}

// aboveFloor makes sure that no risk says less than the subjects, or counts as less
// than they alone give.
func (d *desk) aboveFloor(rt *rapid.T, least matrix.Inputs, risks []string) {
	for _, id := range risks {
		r, err := d.risks.Get(d.as("reviewer"), id)
		d.must(err)
		if short := shortOf(least, r.Inputs); len(short) > 0 {
			rt.Fatalf("%+v is milder than %+v in %v", r.Inputs, least, short)
		}
		from := d.policy.Proposal.Propose(&d.policy.Matrix, filled(least)).Inherent.Rating
		if r.Effective().Rating.Level() < from.Level() && !r.Rated() || r.Proposed.Rating.Level() < from.Level() {
			rt.Fatalf("proposed %s, counts as %s, and the subject alone gives %s", r.Proposed.Rating, r.Effective().Rating, from)
		}
	}
}

func texts[T ~string](all []T) []string {
	words := make([]string, len(all))
	for i, v := range all {
		words[i] = string(v)
	}
	return words
}

// floorOf is the model's own reading of the subjects.
func floorOf(states map[string]string, realms map[string]int) matrix.Inputs {
	return matrix.Inputs{
		Data: matrix.Data(states["data_class"]), Direction: matrix.Direction(states["direction"]), Access: matrix.Access(states["access"]),
		Volume: matrix.Volume(states["volume"]), CrossesBoundary: realms["production"] != realms["cloud"],
		LowerTrust: realms["production"] == 0 && realms["cloud"] > 0,
	}
}

func shortOf(least, in matrix.Inputs) []string {
	var all []string
	note := func(name string, short bool) {
		if short {
			all = append(all, name)
		}
	}
	note("data", slices.Index(matrix.AllData(), in.Data) < slices.Index(matrix.AllData(), least.Data))
	note("volume", slices.Index(matrix.AllVolumes(), in.Volume) < slices.Index(matrix.AllVolumes(), least.Volume))
	note("direction", least.Direction != "" && in.Direction != least.Direction && in.Direction != "both")
	note("access", least.Access != "" && in.Access != least.Access && in.Access != "read_write")
	note("boundary", least.CrossesBoundary && !in.CrossesBoundary)
	note("lower", least.LowerTrust && !in.LowerTrust)
	return all
}

// filled is the mildest that a risk can be where the subject says nothing.
func filled(in matrix.Inputs) matrix.Inputs {
	if in.Data == "" {
		in.Data = matrix.DataNone
	}
	if in.Direction == "" {
		in.Direction = matrix.Outbound
	}
	if in.Access == "" {
		in.Access = matrix.Read
	}
	if in.Volume == "" {
		in.Volume = matrix.VolumeLow
	}
	return in
}

// The subject's page lists its risks to those who may see them, with the rating
// and where they stand.
func TestSubjectsListTheirRisks(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		flow := d.flow()
		open := d.ready(flow.Ref)
		d.granted(open)
		hidden := d.shared(d.registered(flow.Ref))
		for person, want := range map[string][]string{"reviewer2": {open.Item()}, "triager": {hidden.Item(), open.Item()}, "owner": {hidden.Item(), open.Item()}} {
			detail, err := d.catalog.Show(d.as(person), flow.Ref)
			d.must(err)
			var got []string
			for _, l := range detail.Links {
				got = append(got, l.Item)
				if l.Relation != "concerns" || !l.Incoming || l.Title == "" || l.State == "" || !strings.HasPrefix(l.URL, "/risks/") {
					t.Errorf("%s sees %+v", person, l)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s sees\n%s", person, diff)
			}
		}
		if got := d.visibilities(open.Item()); slices.Contains(got, string(authz.Restricted)) {
			t.Errorf("an entry about an open risk is restricted: %v", got)
		}
		if got := d.visibilities(hidden.Item()); slices.ContainsFunc(got, func(v string) bool { return v != string(authz.Restricted) }) {
			t.Errorf("an entry about a hidden risk is not restricted: %v", got)
		}
	})
}

// visibilities returns who may read the entries that hang on the item.
func (d *desk) visibilities(item string) []string {
	d.t.Helper()
	var all []string
	d.must(d.db.Read(d.t.Context(), func(tx *store.ReadTx) error {
		rows, err := tx.Query(d.t.Context(), "SELECT visibility FROM ledger_opening WHERE item = $1 ORDER BY seq", item)
		all, err = store.Collect(rows, err, func(row store.Scanner) (v string, err error) { return v, row.Scan(&v) })
		return err
	}))
	if len(all) == 0 {
		d.t.Fatalf("no entry about %s", item)
	}
	return all
}

// The page of a risk whose subject got worse says that it waits for another
// rating, and a new risk begins with what its subject states.
func TestPagesTellFactsOfTheSubject(t *testing.T) {
	d, anyone := servePages(t)
	flow := d.fullFlow()
	begun := anyone.As("owner").Get("/risks/new?subject=" + flow.Ref).FormValues("/risks")
	for name, want := range map[string]string{
		"inputs.data": "personal", "inputs.direction": "inbound", "inputs.access": "read", "inputs.volume": "medium",
		"inputs.crosses_boundary": "1", "inputs.lower_trust": "1",
	} {
		if got := begun.Get(name); got != want {
			t.Errorf("%s begins as %q, want %q", name, got, want)
		}
	}
	begun.Set("title", "R")
	begun.Set("threat", "t")
	begun.Set("scope", "s")
	begun.Set("inputs.data", "public")
	anyone.As("owner").Post("/risks", begun).Want(422).WantText("The attribute data_class of flow:full says otherwise: choose personal or sensitive.")
	r := d.rated("flow:property-suggester-ab-test")
	anyone.As("owner").Get(r.URL()).WantNoText("What was rated has changed since")
	d.must(d.changeSubject(r.Subject, map[string]string{"from": "production", "to": "cloud", "data_class": "sensitive"}))
	anyone.As("owner").Get(r.URL()).WantText("What was rated has changed since", "to be rated again")
}
