// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"context"
	"net/url"
)

// Drafts is a web.DraftKeeper in memory, for one test at a time: it must not be used
// concurrently.
type Drafts map[string]url.Values

// Keep keeps the values of a person's form on a page.
func (d Drafts) Keep(_ context.Context, person, path string, values url.Values) error {
	d[person+" "+path] = values
	return nil
}

// Draft returns what was kept, nil if nothing was.
func (d Drafts) Draft(_ context.Context, person, path string) (url.Values, error) {
	return d[person+" "+path], nil
}

// Discard drops what was kept.
func (d Drafts) Discard(_ context.Context, person, path string) error {
	delete(d, person+" "+path)
	return nil
}
