-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- The register. inputs, proposed and rating hold JSON; what a list filters or
-- sorts by stands beside them: likelihood and impact are those of the rating that
-- counts (the proposed one while nobody has rated it), weight orders the worst
-- first; inherent_ are the same as if nothing had been done about the risk.
CREATE TABLE risk_item (
  id             TEXT    NOT NULL PRIMARY KEY,
  version        {int64} NOT NULL,
  subject        TEXT    NOT NULL,
  act            TEXT    NOT NULL,
  title          TEXT    NOT NULL,
  threat         TEXT    NOT NULL,
  scope          TEXT    NOT NULL,
  owner          TEXT    NOT NULL,
  registrant     TEXT    NOT NULL,
  visibility     TEXT    NOT NULL,
  state          TEXT    NOT NULL,
  closed         {int64} NOT NULL,
  treatment      TEXT    NOT NULL,
  treatment_note TEXT    NOT NULL,
  inputs         TEXT    NOT NULL,
  proposed       TEXT    NOT NULL,
  rating         TEXT    NOT NULL,
  likelihood     {int64} NOT NULL,
  impact         {int64} NOT NULL,
  weight         {int64} NOT NULL,
  inherent_likelihood {int64} NOT NULL,
  inherent_impact     {int64} NOT NULL,
  inherent_weight     {int64} NOT NULL,
  review_due     {int64},
  notice_due     {int64},
  follows        TEXT    NOT NULL,
  registered_at  {int64} NOT NULL,
  changed_at     {int64} NOT NULL,
  closed_at      {int64},
  closing_note   TEXT    NOT NULL,
  entry          {int64} NOT NULL
) {STRICT};
-- visibility and state stand last: what a reader may not see, or does not ask
-- for, is passed over without its row.
CREATE INDEX risk_item_worst ON risk_item (closed, weight, id, visibility, state);
CREATE INDEX risk_item_recent ON risk_item (closed, changed_at, id, visibility, state);
-- Covers the counts of the matrix, and gives each cell in the order of the list.
CREATE INDEX risk_item_cell ON risk_item (closed, likelihood, impact, weight, id, visibility);
CREATE INDEX risk_item_inherent_worst ON risk_item (closed, inherent_weight, id, visibility, state);
CREATE INDEX risk_item_inherent_cell ON risk_item (closed, inherent_likelihood, inherent_impact, inherent_weight, id, visibility);
CREATE INDEX risk_item_subject ON risk_item (subject, closed);
CREATE INDEX risk_item_owner ON risk_item (owner, closed, weight, id);
CREATE INDEX risk_item_review ON risk_item (closed, review_due);
CREATE INDEX risk_item_notice ON risk_item (closed, notice_due);

CREATE TABLE risk_rating (
  risk     TEXT    NOT NULL,
  seq      {int64} NOT NULL,
  inputs   TEXT    NOT NULL,
  proposal TEXT    NOT NULL,
  rating   TEXT    NOT NULL,
  entry    {int64} NOT NULL,
  PRIMARY KEY (risk, seq)
) {STRICT};

CREATE TABLE risk_party (
  id           TEXT    NOT NULL PRIMARY KEY,
  risk         TEXT    NOT NULL,
  position     {int64} NOT NULL,
  kind         TEXT    NOT NULL,
  name         TEXT    NOT NULL,
  organisation TEXT    NOT NULL,
  exposure     TEXT    NOT NULL,
  requirement  TEXT    NOT NULL,
  entry        {int64} NOT NULL
) {STRICT};
CREATE INDEX risk_party_risk ON risk_party (risk, position);

CREATE TABLE risk_hearing (
  id          TEXT    NOT NULL PRIMARY KEY,
  risk        TEXT    NOT NULL,
  party       TEXT    NOT NULL,
  rating_seq  {int64} NOT NULL,
  person      TEXT    NOT NULL,
  heard       TEXT    NOT NULL,
  said        TEXT    NOT NULL,
  held_at     {int64} NOT NULL,
  recorded_by TEXT    NOT NULL,
  recorded_at {int64} NOT NULL,
  entry       {int64} NOT NULL
) {STRICT};
CREATE INDEX risk_hearing_risk ON risk_hearing (risk, recorded_at);
CREATE INDEX risk_hearing_person ON risk_hearing (person);

CREATE TABLE risk_mitigation (
  id         TEXT    NOT NULL PRIMARY KEY,
  risk       TEXT    NOT NULL,
  title      TEXT    NOT NULL,
  owner      TEXT    NOT NULL,
  due_at     {int64} NOT NULL,
  state      TEXT    NOT NULL,
  evidence   TEXT    NOT NULL,
  changed_at {int64} NOT NULL,
  entry      {int64} NOT NULL
) {STRICT};
CREATE INDEX risk_mitigation_risk ON risk_mitigation (risk, due_at);
CREATE INDEX risk_mitigation_owner ON risk_mitigation (owner, state, due_at);

CREATE TABLE risk_option (
  id       TEXT    NOT NULL PRIMARY KEY,
  risk     TEXT    NOT NULL,
  position {int64} NOT NULL,
  kind     TEXT    NOT NULL,
  title    TEXT    NOT NULL,
  cost     TEXT    NOT NULL,
  delay    TEXT    NOT NULL,
  remains  TEXT    NOT NULL,
  rating   TEXT    NOT NULL,
  notes    TEXT    NOT NULL,
  entry    {int64} NOT NULL
) {STRICT};
CREATE INDEX risk_option_risk ON risk_option (risk, position);

-- subject repeats the risk's, which never changes: the gate asks by subject.
CREATE TABLE risk_acceptance (
  id             TEXT    NOT NULL PRIMARY KEY,
  risk           TEXT    NOT NULL,
  subject        TEXT    NOT NULL,
  version        {int64} NOT NULL,
  state          TEXT    NOT NULL,
  basis          TEXT    NOT NULL,
  pattern        TEXT    NOT NULL,
  proposal       TEXT    NOT NULL,
  reason         TEXT    NOT NULL,
  asked_by       TEXT    NOT NULL,
  asked_at       {int64} NOT NULL,
  asked_as_owner {int64} NOT NULL,
  start_at       {int64},
  until_at       {int64} NOT NULL,
  extends        TEXT    NOT NULL,
  decided_at     {int64},
  decided_by     TEXT    NOT NULL,
  decision       TEXT    NOT NULL,
  from_at        {int64},
  rights         TEXT    NOT NULL,
  ended_at       {int64},
  ended_by       TEXT    NOT NULL,
  end_reason     TEXT    NOT NULL,
  closed_at      {int64},
  closed_by      TEXT    NOT NULL,
  undone         TEXT    NOT NULL,
  learnt         TEXT    NOT NULL,
  entry          {int64} NOT NULL
) {STRICT};
CREATE INDEX risk_acceptance_risk ON risk_acceptance (risk, asked_at);
CREATE INDEX risk_acceptance_subject ON risk_acceptance (subject, asked_at);
CREATE INDEX risk_acceptance_pattern ON risk_acceptance (pattern, asked_at);
CREATE INDEX risk_acceptance_state ON risk_acceptance (state, until_at);
CREATE INDEX risk_acceptance_asker ON risk_acceptance (asked_by, state);

CREATE TABLE risk_vote (
  id         TEXT    NOT NULL PRIMARY KEY,
  acceptance TEXT    NOT NULL,
  person     TEXT    NOT NULL,
  agrees     {int64} NOT NULL,
  reason     TEXT    NOT NULL,
  rights     TEXT    NOT NULL,
  cast_at    {int64} NOT NULL,
  entry      {int64} NOT NULL,
  UNIQUE (acceptance, person)
) {STRICT};
CREATE INDEX risk_vote_person ON risk_vote (person);

CREATE TABLE risk_condition (
  id         TEXT    NOT NULL PRIMARY KEY,
  acceptance TEXT    NOT NULL,
  position   {int64} NOT NULL,
  words      TEXT    NOT NULL,
  owner      TEXT    NOT NULL,
  due_at     {int64} NOT NULL,
  met_at     {int64},
  met_by     TEXT    NOT NULL,
  evidence   TEXT    NOT NULL,
  entry      {int64} NOT NULL
) {STRICT};
CREATE INDEX risk_condition_acceptance ON risk_condition (acceptance, position);
CREATE INDEX risk_condition_owner ON risk_condition (owner, met_at, due_at);

-- One row per ledger entry of this module: what changed, without its texts.
CREATE TABLE risk_history (
  entry      {int64} NOT NULL PRIMARY KEY,
  risk       TEXT    NOT NULL,
  acceptance TEXT    NOT NULL,
  version    {int64} NOT NULL,
  kind       TEXT    NOT NULL,
  actor      TEXT    NOT NULL,
  decided_at {int64} NOT NULL,
  changes    TEXT    NOT NULL
) {STRICT};
CREATE INDEX risk_history_risk ON risk_history (risk, entry);
