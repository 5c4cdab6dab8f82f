// SPDX-License-Identifier: Apache-2.0

package web

import "context"

type shownOnceKey struct{}

// ShownOnce says that the answer to this API request holds a secret that is shown
// this once: it is not remembered under the request's idempotency key, so that
// the secret is stored nowhere. A repeat is refused as "idempotency.repeated".
func ShownOnce(ctx context.Context) {
	if flag, ok := ctx.Value(shownOnceKey{}).(*bool); ok {
		*flag = true
	}
}
