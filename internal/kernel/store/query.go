// SPDX-License-Identifier: Apache-2.0

package store

import (
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// How many rows a page of a list has.
const (
	DefaultLimit = 50
	MaxLimit     = 200
)

// Limit returns how many rows a page has that was asked for with limit: 0 means
// [DefaultLimit], and no page has more than [MaxLimit].
func Limit(limit int) int {
	if limit <= 0 {
		return DefaultLimit
	}
	return min(limit, MaxLimit)
}

// Page cuts a list that was read with one row more than a page has, to see whether
// there is a further one. next is the cursor of the last row, or empty.
func Page[T any](all []T, limit int, cursor func(T) string) (page []T, next string) {
	if len(all) <= limit {
		return all, ""
	}
	return all[:limit], cursor(all[limit-1])
}

// Batch is how many values a statement lists at most, below the limit of
// parameters of either engine: for slices.Chunk.
const Batch = 500

// Arg appends an argument of a statement and returns its mark, "$3". Put the whole
// statement together before args is handed over with it: in one call, Go does not
// say whether args is read before or after.
func Arg(value any, args *[]any) string {
	*args = append(*args, value)
	return "$" + strconv.Itoa(len(*args))
}

// In appends values to the arguments of a statement and returns what stands after
// IN: "($3, $4)". Without values it is "(NULL)", which holds for no row.
func In[S ~string](values []S, args *[]any) string {
	if len(values) == 0 {
		return "(NULL)"
	}
	marks := make([]string, len(values))
	for i, v := range values {
		marks[i] = Arg(string(v), args)
	}
	return "(" + strings.Join(marks, ", ") + ")"
}

// Found turns "no rows" into [fault.ItemNotFound], the one answer for what is not
// there or may not be seen. With any error the value is zero.
func Found[T any](v T, err error) (T, error) {
	if err == nil {
		return v, nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = fault.ItemNotFound()
	}
	var none T
	return none, err
}

// Texts reads the one column of rows. Use it on the two results of Query.
func Texts(rows *sql.Rows, err error) ([]string, error) {
	return Collect(rows, err, func(row Scanner) (text string, err error) { return text, row.Scan(&text) })
}

// TextsBy reads two columns of text, and the second one by the first. Use it on the
// two results of Query.
func TextsBy(rows *sql.Rows, err error) (map[string][]string, error) {
	by := map[string][]string{}
	_, err = Collect(rows, err, func(row Scanner) (none struct{}, err error) {
		var key, text string
		if err = row.Scan(&key, &text); err == nil {
			by[key] = append(by[key], text)
		}
		return none, err
	})
	return by, err
}

// Affected returns how many rows a statement changed. Use it on the two results of
// Exec.
func Affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
