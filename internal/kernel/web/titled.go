// SPDX-License-Identifier: Apache-2.0

package web

// Titled gives a field a label and a hint that are data, such as the attributes
// of a kind of subject that somebody configured, rather than messages of the
// catalogue.
func (f *Form) Titled(field Field, label, hint string) Field {
	field.Label, field.Hint = label, hint
	f.labels[field.Name] = label
	return field
}
