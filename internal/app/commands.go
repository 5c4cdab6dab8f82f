// SPDX-License-Identifier: Apache-2.0

package app

import (
	"github.com/alecthomas/kong"

	"portreeve.org/portreeve/internal/app/admin"
	"portreeve.org/portreeve/internal/kernel/authz/officeweb"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/content/contentweb"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/identity/identityweb"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgerweb"
	"portreeve.org/portreeve/internal/kernel/search/searchweb"
	"portreeve.org/portreeve/internal/sessionstore/sessiond"
)

// commands is the whole command line. What talks to a server comes from the
// parts; what runs on the server's machine is app's own.
type commands struct {
	URL      string `help:"Address of the server." env:"PORTREEVE_URL" placeholder:"URL"`
	APIToken string `name:"token" help:"API token to act with; better kept in the environment." env:"PORTREEVE_TOKEN" placeholder:"TOKEN"`
	CA       string `help:"PEM file of the authority that signed the server's certificate." env:"PORTREEVE_CA" placeholder:"FILE"`

	kong.Plugins // the commands of the slices

	Gate    gate.Commands      `cmd:"" help:"Ask whether something may happen, and check signed answers."`
	Subject catalog.Commands   `cmd:"" help:"What decisions are about."`
	Ledger  ledgerweb.Commands `cmd:"" help:"The append-only log of decisions: read, export, verify."`

	Search     searchweb.Cmd                 `cmd:"" help:"Search what you may see."`
	Comment    contentweb.CommentCommands    `cmd:"" help:"What people write about risks, reviews and subjects."`
	Attachment contentweb.AttachmentCommands `cmd:"" help:"Files attached to risks, reviews and subjects."`

	Whoami       identityweb.WhoamiCmd            `cmd:"" help:"Show whose token this is and what it may do."`
	Token        identityweb.TokenCommands        `cmd:"" help:"API tokens."`
	Session      identityweb.SessionCommands      `cmd:"" help:"Your sessions in browsers."`
	Person       identityweb.PersonCommands       `cmd:"" help:"Accounts of people and services."`
	Group        identityweb.GroupCommands        `cmd:"" help:"Named sets of people, to share restricted items with."`
	Organisation identityweb.OrganisationCommands `cmd:"" help:"The parties that people and posts belong to."`
	Post         officeweb.PostCommands           `cmd:"" help:"Posts: rank, function, who holds them."`
	Body         officeweb.BodyCommands           `cmd:"" help:"Bodies that decide by quorum."`
	Delegation   officeweb.DelegationCommands     `cmd:"" help:"Who acts for the holder of a post."`
	Rank         officeweb.RankCommands           `cmd:"" help:"The ranks, and what you may exercise."`

	Mail          admin.MailCommands     `cmd:"" help:"Mails that could not be sent."`
	Job           admin.JobCommands      `cmd:"" help:"What the server does by itself."`
	Configuration admin.ConfigurationCmd `cmd:"" help:"The policies that are running, each setting with its origin."`
	Data          admin.DataCommands     `cmd:"" help:"What is held about people, and erasing them."`

	Serve    serveCommand    `cmd:"" help:"Run the server."`
	Demo     demoCommand     `cmd:"" help:"Run a server with the worked case on an embedded database."`
	DemoCode demoCodeCommand `cmd:"" help:"Print the one-time code of the moment for a secret that the demo printed."`
	Migrate  migrateCommand  `cmd:"" help:"Bring the database to this version and stop."`
	Backup   backupCommand   `cmd:"" help:"Write everything to a file, while the server runs."`
	Restore  restoreCommand  `cmd:"" help:"Load a backup into an empty database."`
	Admin    adminCommand    `cmd:"" help:"The first administrator, and the signing key."`
	Version  versionCommand  `cmd:"" help:"Print the version."`

	Sessiond sessiond.Commands `cmd:"" help:"The session store: a process of its own that keeps web sessions."`
}

// versionCommand prints the version.
type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(s *client.Session) error {
	s.Printf("portreeve %s\n", Version)
	return nil
}
