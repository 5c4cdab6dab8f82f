// SPDX-License-Identifier: Apache-2.0

package content

import (
	_ "embed"
	"fmt"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
)

//go:embed defaults/content.yaml
var defaultSettings []byte

// Settings is what an organisation chooses about content.
type Settings struct {
	Attachments AttachmentSettings `yaml:"attachments"`
	Drafts      DraftSettings      `yaml:"drafts"`
	Retention   []RetentionRule    `yaml:"retention"`

	config.Source `yaml:",inline"`
}

// AttachmentSettings says what may be attached.
type AttachmentSettings struct {
	MaxSize    config.Size `yaml:"max_size"`
	MaxPerItem int         `yaml:"max_per_item"`
	Kinds      []string    `yaml:"kinds"` // file name extensions without the dot
}

// DraftSettings says how long drafts are kept.
type DraftSettings struct {
	Keep config.Duration `yaml:"keep"`
}

// RetentionRule says when comments or attachments of a type of item are erased.
type RetentionRule struct {
	Of   string          `yaml:"of"`   // item type: risk
	What string          `yaml:"what"` // comment or attachment
	Keep config.Duration `yaml:"keep"` // from the day they were written
}

// What a retention rule is about.
const (
	whatComment    = "comment"
	whatAttachment = "attachment"
)

// largestAttachment bounds what can be configured: an upload is held in memory
// until it is stored.
const largestAttachment = config.Size(100 << 20)

// DefaultSettings returns the settings that ship with the product.
func DefaultSettings() (*Settings, error) {
	s := &Settings{}
	return s, config.Decode("defaults/content.yaml", defaultSettings, s)
}

// LoadSettings reads settings from YAML; what a file leaves out is as in the
// default. file is the name that faults use.
func LoadSettings(file string, data []byte) (*Settings, error) {
	s, err := DefaultSettings()
	if err != nil {
		return nil, err
	}
	if err := config.Decode(file, data, s); err != nil {
		return nil, err
	}
	return s, nil
}

// Validate reports what is wrong with the settings.
func (s *Settings) Validate() []fault.Field {
	var wrong []fault.Field
	add := func(path, code, message string, args ...any) {
		wrong = append(wrong, fault.Field{Path: path, Code: "content." + code, Message: fmt.Sprintf(message, args...)})
	}
	if s.Attachments.MaxSize <= 0 || s.Attachments.MaxSize > largestAttachment {
		add("attachments.max_size", "range", "must be more than nothing and at most %s.", largestAttachment)
	}
	if s.Attachments.MaxPerItem < 0 {
		add("attachments.max_per_item", "range", "must not be negative.")
	}
	for i, kind := range s.Attachments.Kinds {
		if _, known := fileKinds[kind]; !known {
			add(fmt.Sprintf("attachments.kinds[%d]", i), "kind", "is not a kind of file that can be allowed; the nearest one is %q.", config.Nearest(kind, knownKinds()))
		}
	}
	if s.Drafts.Keep <= 0 {
		add("drafts.keep", "range", "must be more than nothing.")
	}
	for i, rule := range s.Retention {
		at := fmt.Sprintf("retention[%d]", i)
		if rule.Of == "" {
			add(at+".of", "required", "must name a type of item, such as risk.")
		}
		if rule.What != whatComment && rule.What != whatAttachment {
			add(at+".what", "what", "must be comment or attachment.")
		}
		if rule.Keep <= 0 {
			add(at+".keep", "range", "must be more than nothing.")
		}
	}
	return wrong
}
