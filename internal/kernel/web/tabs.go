// SPDX-License-Identifier: Apache-2.0

package web

import "strings"

// Tabs makes tabs of those items that the actor may do. An item is current on
// its own page and on those below it; of several, the longest address counts.
// Label names the tabs for screen readers and is a finished text.
func (c *Ctx) Tabs(label string, items []NavItem) Tabs {
	tabs := Tabs{Label: label}
	current, length := -1, 0
	for _, n := range items {
		if !c.Can(n.Action) {
			continue
		}
		here := c.R.URL.Path == n.URL || strings.HasPrefix(c.R.URL.Path, n.URL+"/")
		if here && len(n.URL) > length {
			current, length = len(tabs.Items), len(n.URL)
		}
		tabs.Items = append(tabs.Items, Tab{Text: c.Text(n.Label), URL: n.URL, Count: -1})
	}
	if current >= 0 {
		tabs.Items[current].Current = true
	}
	return tabs
}
