// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"

	"github.com/goccy/go-yaml/ast"
)

// plainInteger is how whole numbers are written. 010, 0x10 and 1_000 mean
// different numbers to different readers of YAML, so none of them is one here.
var plainInteger = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

var plainDecimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// bindScalar sets a value of a basic kind.
func (b *binder) bindScalar(node ast.Node, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.String:
		text, ok := textOf(node)
		if !ok {
			b.wrong(node, path, "type", wantedText(node))
			return
		}
		v.SetString(text)
	case reflect.Bool:
		n, ok := node.(*ast.BoolNode)
		if !ok || (n.GetToken().Value != "true" && n.GetToken().Value != "false") {
			b.wrong(node, path, "type", "must be true or false")
			return
		}
		v.SetBool(n.Value)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		b.bindInt(node, v, path)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(numberText(node, plainInteger), 10, v.Type().Bits())
		if err != nil {
			b.wrong(node, path, "type", fmt.Sprintf("must be a whole number from 0 to %d, in plain digits", uint64(1)<<(v.Type().Bits()-1)*2-1))
			return
		}
		v.SetUint(n)
	case reflect.Float32, reflect.Float64:
		n, err := strconv.ParseFloat(numberText(node, plainDecimal), v.Type().Bits())
		if err != nil {
			b.wrong(node, path, "type", "must be a number such as 0.5, in plain digits")
			return
		}
		v.SetFloat(n)
	default:
		b.unsupported(v.Type())
	}
}

func (b *binder) bindInt(node ast.Node, v reflect.Value, path string) {
	n, err := strconv.ParseInt(numberText(node, plainInteger), 10, v.Type().Bits())
	if err != nil {
		largest := int64(1)<<(v.Type().Bits()-1) - 1
		b.wrong(node, path, "type", fmt.Sprintf("must be a whole number up to %d, in plain digits", largest))
		return
	}
	v.SetInt(n)
}

// numberText returns the digits of a number node, or "" if it is none of the
// wanted form. A quoted number is text.
func numberText(node ast.Node, form *regexp.Regexp) string {
	switch node.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		if text := node.GetToken().Value; form.MatchString(text) {
			return text
		}
	}
	return ""
}

// textOf returns the value of a text node.
func textOf(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

// scalarText returns the text of any scalar as it is written.
func scalarText(node ast.Node) (string, bool) {
	if text, ok := textOf(node); ok {
		return text, true
	}
	switch node.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return node.GetToken().Value, true
	}
	return "", false
}

func wantedText(node ast.Node) string {
	if _, scalar := scalarText(node); scalar {
		return "must be text; put it in quotes"
	}
	return "must be text, not a list or a group of keys"
}
