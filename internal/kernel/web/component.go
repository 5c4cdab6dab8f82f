// SPDX-License-Identifier: Apache-2.0

package web

// Badge is a short state, such as "open". Tone is one of neutral, good, notice,
// warning, bad; the text says it, the colour only repeats it.
type Badge struct{ Tone, Text string }

// Rating is the badge of a risk level: low, medium, high or critical.
type Rating struct{ Level string }
