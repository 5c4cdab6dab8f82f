// SPDX-License-Identifier: Apache-2.0

package admin_test

import (
	"testing"

	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

func TestMessages(t *testing.T) { webtest.CheckMessages(t, "admin") }
