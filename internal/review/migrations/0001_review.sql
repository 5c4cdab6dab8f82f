-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- What is asked for and what became of it. Columns that hold JSON are read as a
-- whole; what a list filters or sorts by stands beside them. weight orders by
-- priority, the most urgent first.
CREATE TABLE review_item (
  id            TEXT    NOT NULL PRIMARY KEY,
  version       {int64} NOT NULL,
  kind          TEXT    NOT NULL,
  kind_version  {int64} NOT NULL,
  required      {int64} NOT NULL,
  title         TEXT    NOT NULL,
  sketch        TEXT    NOT NULL,
  subject       TEXT    NOT NULL,
  requester     TEXT    NOT NULL,
  owner         TEXT    NOT NULL,
  visibility    TEXT    NOT NULL,
  board_column  TEXT    NOT NULL,
  priority      TEXT    NOT NULL,
  weight        {int64} NOT NULL,
  wait          TEXT    NOT NULL,
  lead          TEXT    NOT NULL,
  effort        TEXT    NOT NULL,
  received_at   {int64} NOT NULL,
  triaged_at    {int64},
  quarter       TEXT    NOT NULL,
  accepted_at   {int64},
  scheduled_for TEXT    NOT NULL,
  started_at    {int64},
  done_at       {int64},
  clock_start   {int64},
  clock_days    {int64} NOT NULL,
  answers       TEXT    NOT NULL,
  technologies  TEXT    NOT NULL,
  scenarios     TEXT    NOT NULL,
  prescreen     TEXT    NOT NULL,
  verdict       TEXT    NOT NULL,
  outcome       TEXT    NOT NULL,
  successor     TEXT    NOT NULL,
  predecessor   TEXT    NOT NULL,
  abstract      TEXT    NOT NULL,
  published_at  {int64},
  origin        TEXT    NOT NULL,
  origin_source TEXT    NOT NULL,
  origin_number TEXT    NOT NULL,
  changed_at    {int64} NOT NULL,
  entry         {int64} NOT NULL
) {STRICT};
-- A column of the board in its order; visibility stands last, so that what a reader
-- may not see is passed over without its row.
CREATE INDEX review_item_board ON review_item (board_column, weight, received_at, id, visibility);
CREATE INDEX review_item_recent ON review_item (changed_at, id, visibility, board_column);
CREATE INDEX review_item_done ON review_item (board_column, done_at, id, visibility);
CREATE INDEX review_item_subject ON review_item (subject, kind, outcome);
CREATE INDEX review_item_owner ON review_item (owner, board_column);
CREATE INDEX review_item_requester ON review_item (requester, board_column);
CREATE INDEX review_item_quarter ON review_item (quarter, board_column);
-- All that metrics ask of a review, so that they read no row.
CREATE INDEX review_item_measured ON review_item (origin_number, visibility, id, kind, board_column, outcome, quarter, effort, received_at, done_at);
CREATE INDEX review_item_published ON review_item (published_at);
CREATE INDEX review_item_number ON review_item (origin_number);
CREATE UNIQUE INDEX review_item_origin ON review_item (origin_source, origin_number) WHERE origin_number <> '';

-- How long a review stood in each column; until_at is NULL for the one where it stands.
CREATE TABLE review_stage (
  review       TEXT    NOT NULL,
  seq          {int64} NOT NULL,
  board_column TEXT    NOT NULL,
  from_at      {int64} NOT NULL,
  until_at     {int64},
  PRIMARY KEY (review, seq)
) {STRICT};
CREATE INDEX review_stage_until ON review_stage (until_at, board_column, from_at, review);

-- When the clock of a review stood still, and what for. until_at is NULL while it does.
CREATE TABLE review_pause (
  review   TEXT    NOT NULL,
  seq      {int64} NOT NULL,
  cause    TEXT    NOT NULL,
  ref      TEXT    NOT NULL,
  from_at  {int64} NOT NULL,
  until_at {int64},
  PRIMARY KEY (review, seq)
) {STRICT};

CREATE TABLE review_reviewer (
  review      TEXT    NOT NULL,
  person      TEXT    NOT NULL,
  part        TEXT    NOT NULL,
  conflict    TEXT    NOT NULL,
  words       TEXT    NOT NULL,
  assigned_at {int64} NOT NULL,
  declared_at {int64},
  concurs     TEXT    NOT NULL,
  read_at     {int64},
  entry       {int64} NOT NULL,
  PRIMARY KEY (review, person)
) {STRICT};
CREATE INDEX review_reviewer_person ON review_reviewer (person);

-- Scoping questions. What is asked and answered are comments in the thread that the
-- id of the question names.
CREATE TABLE review_question (
  id          TEXT    NOT NULL PRIMARY KEY,
  review      TEXT    NOT NULL,
  label       TEXT    NOT NULL,
  asker       TEXT    NOT NULL,
  owner       TEXT    NOT NULL,
  requesting  {int64} NOT NULL,
  due_at      {int64},
  state       TEXT    NOT NULL,
  settled     TEXT    NOT NULL,
  note        TEXT    NOT NULL,
  asked_at    {int64} NOT NULL,
  answered_at {int64},
  closed_at   {int64},
  entry       {int64} NOT NULL
) {STRICT};
CREATE INDEX review_question_review ON review_question (review, asked_at, id);
CREATE INDEX review_question_owner ON review_question (owner, state);
CREATE INDEX review_question_asker ON review_question (asker, state);

CREATE TABLE review_statement (
  id          TEXT    NOT NULL PRIMARY KEY,
  review      TEXT    NOT NULL,
  label       TEXT    NOT NULL,
  kind        TEXT    NOT NULL,
  words       TEXT    NOT NULL,
  who         TEXT    NOT NULL,
  origin      TEXT    NOT NULL,
  source      TEXT    NOT NULL,
  state       TEXT    NOT NULL,
  note        TEXT    NOT NULL,
  restricted  {int64} NOT NULL,
  recorded_by TEXT    NOT NULL,
  recorded_at {int64} NOT NULL,
  changed_at  {int64} NOT NULL,
  entry       {int64} NOT NULL
) {STRICT};
CREATE INDEX review_statement_review ON review_statement (review, recorded_at, id);

CREATE TABLE review_finding (
  id         TEXT    NOT NULL PRIMARY KEY,
  review     TEXT    NOT NULL,
  label      TEXT    NOT NULL,
  kind       TEXT    NOT NULL,
  severity   TEXT    NOT NULL,
  title      TEXT    NOT NULL,
  words      TEXT    NOT NULL,
  evidence   TEXT    NOT NULL,
  first      TEXT    NOT NULL,
  second     TEXT    NOT NULL,
  state      TEXT    NOT NULL,
  became     TEXT    NOT NULL,
  risk       TEXT    NOT NULL,
  restricted {int64} NOT NULL,
  found_by   TEXT    NOT NULL,
  found_at   {int64} NOT NULL,
  changed_at {int64} NOT NULL,
  entry      {int64} NOT NULL
) {STRICT};
CREATE INDEX review_finding_review ON review_finding (review, found_at, id);

CREATE TABLE review_condition (
  id       TEXT    NOT NULL PRIMARY KEY,
  review   TEXT    NOT NULL,
  position {int64} NOT NULL,
  words    TEXT    NOT NULL,
  owner    TEXT    NOT NULL,
  due_at   {int64},
  proof    TEXT    NOT NULL,
  met_at   {int64},
  met_by   TEXT    NOT NULL,
  shown    TEXT    NOT NULL,
  entry    {int64} NOT NULL
) {STRICT};
CREATE INDEX review_condition_review ON review_condition (review, position);
CREATE INDEX review_condition_owner ON review_condition (owner, due_at);
CREATE INDEX review_condition_due ON review_condition (due_at);

CREATE TABLE review_opinion (
  review   TEXT    NOT NULL,
  aspect   TEXT    NOT NULL,
  assessor TEXT    NOT NULL,
  verdict  TEXT    NOT NULL,
  words    TEXT    NOT NULL,
  given_at {int64},
  entry    {int64} NOT NULL,
  PRIMARY KEY (review, aspect)
) {STRICT};
CREATE INDEX review_opinion_assessor ON review_opinion (assessor, given_at);

CREATE TABLE review_assessment (
  review     TEXT    NOT NULL,
  version    {int64} NOT NULL,
  words      TEXT    NOT NULL,
  author     TEXT    NOT NULL,
  written_at {int64} NOT NULL,
  entry      {int64} NOT NULL,
  PRIMARY KEY (review, version)
) {STRICT};

-- The lines of the history. part is the meeting in which it was decided, if in one.
CREATE TABLE review_history (
  entry      {int64} NOT NULL,
  review     TEXT    NOT NULL,
  part       TEXT    NOT NULL,
  version    {int64} NOT NULL,
  kind       TEXT    NOT NULL,
  actor      TEXT    NOT NULL,
  decided_at {int64} NOT NULL,
  changes    TEXT    NOT NULL,
  PRIMARY KEY (review, entry)
) {STRICT};
CREATE INDEX review_history_part ON review_history (part, entry);

-- What happened to an imported review where it comes from.
CREATE TABLE review_past (
  review      TEXT    NOT NULL,
  id          TEXT    NOT NULL,
  at          {int64} NOT NULL,
  author      TEXT    NOT NULL,
  kind        TEXT    NOT NULL,
  before_text TEXT    NOT NULL,
  after_text  TEXT    NOT NULL,
  words       TEXT    NOT NULL,
  PRIMARY KEY (review, id)
) {STRICT};
CREATE INDEX review_past_at ON review_past (review, at, id);

-- How many days a reviewer has for reviews in a quarter.
CREATE TABLE review_capacity (
  person  TEXT    NOT NULL,
  quarter TEXT    NOT NULL,
  days    TEXT    NOT NULL,
  entry   {int64} NOT NULL,
  PRIMARY KEY (person, quarter)
) {STRICT};

-- What a reviewer knows, one row each.
CREATE TABLE review_skill (
  person TEXT NOT NULL,
  skill  TEXT NOT NULL,
  PRIMARY KEY (person, skill)
) {STRICT};

CREATE TABLE review_meeting (
  id        TEXT    NOT NULL PRIMARY KEY,
  version   {int64} NOT NULL,
  held_on   TEXT    NOT NULL,
  chair     TEXT    NOT NULL,
  state     TEXT    NOT NULL,
  minutes   TEXT    NOT NULL,
  opened_at {int64} NOT NULL,
  closed_at {int64},
  entry     {int64} NOT NULL
) {STRICT};
CREATE INDEX review_meeting_held ON review_meeting (held_on, id);

-- The kinds of review that the organisation published, each version; the shipped
-- ones stand in no table.
CREATE TABLE review_kind (
  name         TEXT    NOT NULL,
  version      {int64} NOT NULL,
  words        TEXT    NOT NULL,
  note         TEXT    NOT NULL,
  author       TEXT    NOT NULL,
  published_at {int64} NOT NULL,
  entry        {int64} NOT NULL,
  PRIMARY KEY (name, version)
) {STRICT};
