// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"portreeve.org/portreeve/internal/review"
)

// The groups that the views of reviews are counted to, each with a target.
const (
	groupLists  = "lists"
	groupLong   = "long"
	groupSearch = "search"
)

// The routes, as the server's log names them.
const (
	routeBoard  = "/reviews"
	routeList   = "/reviews/list"
	routeReview = "/reviews/{id}"
	routeSearch = "/search"
)

// reviewViews are the views of reviews that are measured.
func (b *bench) reviewViews() []page {
	subject := url.QueryEscape(b.figures.filled.Subjects[0])
	find := func(name, words string) page {
		return page{name: "search: " + name, route: routeSearch, path: routeSearch, query: "q=" + url.QueryEscape(words), group: groupSearch}
	}
	list := func(name, query string) page {
		return page{name: "list: " + name, route: routeList, path: routeList, query: query, group: groupLists}
	}
	return []page{
		{name: "the board", route: routeBoard, path: routeBoard, group: groupLists},
		list("open, the most urgent first", ""),
		list("everything", "column=all"),
		list("done", "column=done"),
		list("latest change first", "column=all&sort=recent"),
		list("of one kind", "kind=concept"),
		list("of one person", "person=owner-007&column=all"),
		list("on one subject", "subject="+subject+"&column=all"),
		{name: "a review with many messages", route: routeReview, path: "/reviews/" + b.figures.filled.Long, group: groupLong},
		find("a frequent word", review.MadeWord(20)),
		find("a rare word", review.MadeWord(2000)),
		find("two words", review.MadeWord(40)+" "+review.MadeWord(400)),
		find("a phrase", `"`+review.MadeWord(30)+" "+review.MadeWord(10)+`"`),
		find("a number", "4711"),
		find("a prefix", "frame*"),
		// Nobody looks for it, and it is not counted to the figure: it is what the index can do worst.
		{name: "search: a word of every message", route: routeSearch, path: routeSearch, query: "q=section"},
	}
}

// measureReviews opens the views of reviews, then imports.
func (b *bench) measureReviews(ctx context.Context, f *figures, length time.Duration) (err error) {
	f.reviews = b.reviewViews()
	for _, route := range []string{routeBoard, routeList, routeReview, routeSearch} {
		if err := b.open(ctx, f.reviews, route, length); err != nil {
			return err
		}
	}
	b.note("reviews: board and lists p95 %v, the long one %v, search %v", grouped(*f, groupLists).quantile(0.95), grouped(*f, groupLong).quantile(0.95), grouped(*f, groupSearch).quantile(0.95))
	f.imported, err = b.importTasks(ctx)
	return err
}

// open opens the views of a route as a signed-in person, one after the other, for
// its share of that length, after each was opened once: the first one reads from disk.
func (b *bench) open(ctx context.Context, pages []page, route string, length time.Duration) error {
	var mine []*page
	for i := range pages {
		if pages[i].route == route {
			mine = append(mine, &pages[i])
		}
	}
	length = length * time.Duration(len(mine)) / time.Duration(len(pages))
	client := newClient(b.in)
	defer client.CloseIdleConnections()
	header := map[string]string{"Cookie": b.access.Cookie}
	var before sample
	began := time.Now()
	for i := 0; time.Since(began) < length || i < 3*len(mine); i++ {
		p := mine[i%len(mine)]
		if i == len(mine) {
			var err error
			if before, err = b.server.loggedTimes(route); err != nil {
				return err
			}
		}
		res, err := get(ctx, client, b.in.url+p.path+"?"+p.query, header)
		if err != nil {
			return err
		}
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %d, location %q", p.name, res.StatusCode, res.Header.Get("Location"))
		}
	}
	after, err := b.server.loggedTimes(route)
	if err != nil {
		return err
	}
	// One connection asked, so the log has the views in their order.
	for i, took := range after[len(before):] {
		p := mine[i%len(mine)]
		p.times = append(p.times, took)
	}
	return nil
}
