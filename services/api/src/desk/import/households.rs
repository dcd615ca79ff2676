//! A list of households: who is new, who changed, and who cannot be told from somebody else.

mod compare;

use std::collections::{BTreeSet, HashMap};

use axum::Json;
use axum::extract::{Path, Request as HttpRequest, State};
use domain::address::Door;
use domain::community::event::Language;
use domain::household::event::{HouseholdRegistered, HouseholdStatus, NameToken, TailToken};
use domain::household::{Household, HouseholdCommand, HouseholdState};
use domain::ids::{ActorId, CommandId, CommunityId, HouseholdId};
use event_log::Revision;
use jiff::civil::Date;
use runtime::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::compare::{Change, Known};
use super::{CARRIED_OUT_MAX, Choice, PREVIEW_ROWS_MAX, Place, RowOutcome, text, words};
use crate::App;
use crate::actor::authorize;
use crate::body;
use crate::commands::path_part;
use crate::desk::search::FoundHousehold;
use crate::problem::{ProblemBody, ProblemResponse};
use crate::resources::today;
use crate::views::questions::vault_unavailable;

/// One row, as it was written. An empty cell says nothing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HouseholdRow {
    /// Its line in the list.
    line: u32,
    #[serde(flatten)]
    place: Place,
    /// Whom to ask for.
    name: Option<String>,
    /// The phone number, whole, masked, or its end.
    phone: Option<String>,
    /// How many people eat together.
    people: Option<String>,
    /// The language.
    language: Option<String>,
    /// Whether it can only be reached by an ordinary telephone call.
    phone_only: Option<String>,
    /// How it lives.
    status: Option<String>,
    /// A note, sealed like the name.
    note: Option<String>,
    /// What a person chose, where the row could mean several things.
    choice: Option<Choice>,
}

/// A list to look at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HouseholdListBody {
    /// Who looks.
    actor: ActorId,
    /// The rows, at most 5,000.
    rows: Vec<HouseholdRow>,
}

/// Rows to carry out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HouseholdImportBody {
    /// Who decided it.
    actor: ActorId,
    /// The rows, at most 200.
    rows: Vec<HouseholdImportRow>,
}

/// A row to carry out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HouseholdImportRow {
    /// The row's command, made and kept by whoever sends it; the same on every retry.
    command_id: CommandId,
    /// The household of the preview; for a new one, an id that the sender makes.
    household: HouseholdId,
    /// The revision of the preview; none for a new household.
    expected_revision: Option<u64>,
    /// The row.
    row: HouseholdRow,
}

/// What of a household a list can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HouseholdField {
    /// Where it lives.
    Door,
    /// The language it speaks.
    Language,
    /// Whether it can only be reached by an ordinary telephone call.
    PhoneOnly,
    /// How many people eat together.
    People,
    /// How it lives.
    Status,
    /// Whom to ask for.
    Name,
    /// The phone number.
    Phone,
    /// The note.
    Note,
}

/// One thing that a row tells otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Difference {
    /// What.
    field: HouseholdField,
    /// What is known; absent when nothing is, and never told of what is sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// What the row says.
    to: String,
    /// Who told what is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    known_by: Option<ActorId>,
    /// On which day.
    #[serde(skip_serializing_if = "Option::is_none")]
    known_on: Option<Date>,
    /// Whether a second person must confirm it afterwards.
    needs_second: bool,
}

/// What a row would do, or did.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HouseholdRowBody {
    line: u32,
    outcome: RowOutcome,
    /// The household that it is; absent for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    household: Option<HouseholdId>,
    /// The revision of what is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    door: Option<Door>,
    differences: Vec<Difference>,
    /// Why a person must look at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody>,
    /// The households that it may be.
    candidates: Vec<FoundHousehold>,
}

/// What rows would do, or did.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HouseholdRowsBody {
    rows: Vec<HouseholdRowBody>,
}

/// Says what each row would change; writes nothing.
pub(crate) async fn preview(
    State(app): State<App>,
    Path(community): Path<String>,
    request: HttpRequest,
) -> Result<Json<HouseholdRowsBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let HouseholdListBody { actor, rows } = body::json(&body::bytes(request).await?)?;
    super::check_rows(rows.len(), PREVIEW_ROWS_MAX)?;
    authorize(&actor, &community)?;
    let today = today(&app, &community)?;
    let import = Import { app: &app, community: &community, actor: &actor, today };
    let mut first = HashMap::new();
    let mut looked = vec![];
    for row in &rows {
        looked.push(import.look(row, &mut first).await);
    }
    Ok(Json(HouseholdRowsBody { rows: looked }))
}

/// Carries rows out; each gets its own answer.
pub(crate) async fn carry_out(
    State(app): State<App>,
    Path(community): Path<String>,
    request: HttpRequest,
) -> Result<Json<HouseholdRowsBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let HouseholdImportBody { actor, rows } = body::json(&body::bytes(request).await?)?;
    super::check_rows(rows.len(), CARRIED_OUT_MAX)?;
    authorize(&actor, &community)?;
    let today = today(&app, &community)?;
    let import = Import { app: &app, community: &community, actor: &actor, today };
    let mut done = vec![];
    for row in &rows {
        let line = row.row.line;
        done.push(import.carry_out(row).await.unwrap_or_else(|problem| unreadable(line, problem)));
    }
    Ok(Json(HouseholdRowsBody { rows: done }))
}

/// Whoever imports, where and when.
struct Import<'a> {
    app: &'a App,
    community: &'a CommunityId,
    actor: &'a ActorId,
    today: Date,
}

/// What a row says, once it was read.
struct Told {
    door: Door,
    name: Option<String>,
    phone: Option<String>,
    tail: Option<TailToken>,
    tail_digits: Option<String>,
    names: BTreeSet<NameToken>,
    people: Option<u16>,
    language: Option<Language>,
    phone_only: Option<bool>,
    status: Option<HouseholdStatus>,
    note: Option<String>,
}

/// Which household a row is.
enum Match {
    New,
    Known(HouseholdId),
    /// A person must choose.
    Unsure(Problem, Vec<HouseholdId>),
}

/// What tells two rows of one list to be of the same household.
type Who = (Door, Option<String>, Option<String>);

impl Import<'_> {
    async fn look(&self, row: &HouseholdRow, first: &mut HashMap<Who, u32>) -> HouseholdRowBody {
        let told = match self.read(row) {
            Ok(told) => told,
            Err(problem) => return unreadable(row.line, problem),
        };
        let who = (told.door.clone(), told.tail_digits.clone(), told.name.clone());
        if let Some(line) = first.get(&who).filter(|_| row.choice.is_none()) {
            return conflict(row.line, &told, repeated(*line), vec![]);
        }
        first.insert(who, row.line);
        match self.matching(row, &told) {
            Err(problem) => unreadable(row.line, problem),
            Ok(Match::Unsure(problem, ids)) => {
                conflict(row.line, &told, problem, self.described(&ids))
            }
            Ok(Match::New) => {
                let state = HouseholdState::default();
                let differences = self.changes(&state, &Known::default(), &told).0;
                let (line, door) = (row.line, Some(told.door));
                let outcome = RowOutcome::New;
                HouseholdRowBody { line, outcome, door, differences, ..empty() }
            }
            Ok(Match::Known(id)) => match self.compared(id, &told).await {
                Ok((revision, differences)) => {
                    let same = differences.is_empty();
                    let outcome = if same { RowOutcome::Same } else { RowOutcome::Change };
                    let (household, door) = (Some(id), Some(told.door));
                    let line = row.line;
                    HouseholdRowBody {
                        line,
                        outcome,
                        household,
                        revision,
                        door,
                        differences,
                        ..empty()
                    }
                }
                Err(problem) => unreadable(row.line, problem),
            },
        }
    }

    async fn compared(
        &self,
        id: HouseholdId,
        told: &Told,
    ) -> Result<(Option<u64>, Vec<Difference>), Problem> {
        let (state, revision) = self.app.engine.peek::<Household>(self.community, &id).await?;
        let known = self.opened(id, &state)?;
        Ok((revision.map(|revision| revision.0), self.changes(&state, &known, told).0))
    }

    async fn carry_out(&self, row: &HouseholdImportRow) -> Result<HouseholdRowBody, Problem> {
        let HouseholdImportRow { command_id, household, expected_revision, row } = row;
        let told = self.read(row)?;
        let id = *household;
        let (state, revision) = self.app.engine.peek::<Household>(self.community, &id).await?;
        let mut state = (*state).clone();
        if !state.registered {
            // Somebody may have registered it since it was looked at.
            let still_new = matches!(self.matching(row, &told)?, Match::New);
            if !still_new {
                return Ok(conflict(row.line, &told, known_since(), vec![]));
            }
            let fact = HouseholdRegistered {
                doors: BTreeSet::from([told.door.clone()]),
                language: told.language.unwrap_or_default(),
                phone_only: told.phone_only.unwrap_or_default(),
            };
            self.put(*command_id, "register", row, id, HouseholdCommand::Register(fact)).await?;
            state = (*self.app.engine.peek::<Household>(self.community, &id).await?.0).clone();
        } else if expected_revision.is_some() && revision.map(|r| r.0) != *expected_revision {
            let (_, differences) = self.compared(id, &told).await?;
            if differences.is_empty() {
                return Ok(answered(row.line, RowOutcome::Same, id, revision, &told));
            }
            let problem = Problem::conflict(*expected_revision, revision.map(|r| r.0));
            let mut body = conflict(row.line, &told, problem, vec![]);
            (body.household, body.revision) = (Some(id), revision.map(|r| r.0));
            body.differences = differences;
            return Ok(body);
        }
        let known = self.opened(id, &state)?;
        let (differences, changes) = self.changes(&state, &known, &told);
        for (step, change) in changes {
            let command = match change {
                Change::Is(command) => command,
                Change::Contact => {
                    HouseholdCommand::SetContact(Box::new(self.contact(id, &state, &known, &told)?))
                }
            };
            self.put(*command_id, step, row, id, command).await?;
        }
        let (_, revision) = self.app.engine.peek::<Household>(self.community, &id).await?;
        let mut body = answered(row.line, RowOutcome::Done, id, revision, &told);
        body.differences = differences;
        Ok(body)
    }

    async fn put(
        &self,
        row_id: CommandId,
        step: &str,
        row: &HouseholdRow,
        id: HouseholdId,
        command: HouseholdCommand,
    ) -> Result<(), Problem> {
        let request =
            super::request(self.app, self.community, self.actor, row_id, step, &(id, row));
        let command = move |_: &_| Ok(command.clone());
        self.app.engine.command::<Household>(&request, &id, None, command).await.map(drop)
    }

    fn read(&self, row: &HouseholdRow) -> Result<Told, Problem> {
        let HouseholdRow { name, phone, people, language, phone_only, status, note, .. } = row;
        super::check_cells([name, phone, people, language, phone_only, status, note].into_iter())?;
        let door = super::door(self.app, self.community, &row.place)?;
        let cell = |cell: &Option<String>| text(cell.as_ref()).map(str::to_owned);
        let phone = text(phone.as_ref()).map(words::phone).transpose()?;
        let (phone, tail_digits) = phone.unzip();
        let vault = self.app.engine.vault();
        let tail = tail_digits.as_ref().map(|tail| vault.tail_token(self.community, tail));
        let tail = tail.transpose().map_err(|_| vault_unavailable())?;
        let name = cell(name);
        let names = match &name {
            Some(name) => runtime::person::tokens(vault, self.community, name)
                .map_err(|_| runtime::person::name_too_long())?,
            None => BTreeSet::new(),
        };
        let people = text(people.as_ref()).map(words::number).transpose()?;
        Ok(Told {
            door,
            name,
            phone: phone.flatten(),
            tail,
            tail_digits,
            names,
            people: people.map(|people| u16::try_from(people).unwrap_or(u16::MAX)),
            language: text(language.as_ref()).map(words::language).transpose()?,
            phone_only: text(phone_only.as_ref()).map(words::yes_or_no).transpose()?,
            status: text(status.as_ref()).map(words::status).transpose()?,
            note: cell(note),
        })
    }

    /// Which household a row is: by its door and phone, by its door and name, or the only one
    /// behind a door of which nothing more is known. Everything else is for a person.
    fn matching(&self, row: &HouseholdRow, told: &Told) -> Result<Match, Problem> {
        match row.choice {
            Some(Choice::New) => return Ok(Match::New),
            Some(Choice::Is(id)) => return Ok(Match::Known(id)),
            None => {}
        }
        self.app.engine.with_place(self.community, |place| {
            let behind: Vec<_> = place
                .layout()
                .behind(&told.door)
                .filter_map(|one| Some((one.id, place.household(one.id)?)))
                .filter(|(_, state)| !state.erased)
                .collect();
            let has = |state: &HouseholdState| is_theirs(state, told);
            let theirs: Vec<_> = behind.iter().filter(|(_, state)| has(state)).collect();
            let ids: Vec<_> = behind.iter().map(|(id, _)| *id).collect();
            let says_who = told.tail.is_some() || !told.names.is_empty();
            match (theirs.as_slice(), behind.as_slice()) {
                ([(only, _)], _) => Match::Known(*only),
                ([], []) => moved(place.households(), told).unwrap_or(Match::New),
                ([], [(only, state)]) if !says_who || state.contact.is_none() => {
                    Match::Known(*only)
                }
                ([], _) => Match::Unsure(others_behind(), ids),
                (_, _) => Match::Unsure(several_fit(), theirs.iter().map(|(id, _)| *id).collect()),
            }
        })
    }

    fn described(&self, ids: &[HouseholdId]) -> Vec<FoundHousehold> {
        let described = self.app.engine.with_place(self.community, |place| {
            let of = |id: &HouseholdId| Some(FoundHousehold::of(*id, place.household(*id)?));
            ids.iter().filter_map(of).collect()
        });
        described.unwrap_or_default()
    }
}

fn answered(
    line: u32,
    outcome: RowOutcome,
    id: HouseholdId,
    revision: Option<Revision>,
    told: &Told,
) -> HouseholdRowBody {
    let (household, door) = (Some(id), Some(told.door.clone()));
    let revision = revision.map(|revision| revision.0);
    HouseholdRowBody { line, outcome, household, revision, door, ..empty() }
}

fn is_theirs(state: &HouseholdState, told: &Told) -> bool {
    let Some(contact) = state.contact.as_deref() else { return false };
    let by_tail = told.tail.is_some_and(|tail| contact.phone_tail_tokens.contains(&tail));
    // A family name alone is no person: the whole name must be known.
    let by_name = told.names.len() > 1 && told.names.is_subset(&contact.name_tokens);
    by_tail || by_name
}

/// Somebody with this phone and this name lives behind another door.
fn moved<'a>(
    households: impl Iterator<Item = (HouseholdId, &'a HouseholdState)>,
    told: &Told,
) -> Option<Match> {
    let tail = told.tail?;
    if told.names.len() < 2 {
        return None;
    }
    let same = |state: &HouseholdState| {
        state.contact.as_deref().is_some_and(|contact| {
            contact.phone_tail_tokens.contains(&tail) && told.names.is_subset(&contact.name_tokens)
        })
    };
    let ids: Vec<_> = households.filter(|(_, state)| same(state)).map(|(id, _)| id).collect();
    (!ids.is_empty()).then(|| Match::Unsure(lives_elsewhere(), ids))
}

fn empty() -> HouseholdRowBody {
    HouseholdRowBody {
        line: 0,
        outcome: RowOutcome::Same,
        household: None,
        revision: None,
        door: None,
        differences: vec![],
        problem: None,
        candidates: vec![],
    }
}

fn unreadable(line: u32, problem: Problem) -> HouseholdRowBody {
    let outcome = RowOutcome::Unreadable;
    HouseholdRowBody { line, outcome, problem: Some(problem.into()), ..empty() }
}

fn conflict(
    line: u32,
    told: &Told,
    problem: Problem,
    candidates: Vec<FoundHousehold>,
) -> HouseholdRowBody {
    let (outcome, door) = (RowOutcome::Conflict, Some(told.door.clone()));
    HouseholdRowBody { line, outcome, door, problem: Some(problem.into()), candidates, ..empty() }
}

fn repeated(line: u32) -> Problem {
    Problem::invalid(
        "import-row-repeated",
        format!("line {line} tells of the same household: leave one of them out"),
        format!("与第 {line} 行是同一户：请只保留一行"),
    )
}

fn others_behind() -> Problem {
    Problem::invalid(
        "import-others-behind",
        "other people are known behind this door: choose one of them, or a new household",
        "此门内登记的是其他人：请选择是其中一户，还是新的一户",
    )
}

fn known_since() -> Problem {
    Problem::invalid(
        "import-known-since",
        "this household was registered by somebody else in the meantime: look at the list again",
        "预览之后他人已登记此户：请重新预览",
    )
}

fn several_fit() -> Problem {
    Problem::invalid(
        "import-several-fit",
        "several households behind this door fit: choose one of them",
        "此门内有多户符合：请选择其中一户",
    )
}

fn lives_elsewhere() -> Problem {
    Problem::invalid(
        "import-lives-elsewhere",
        "somebody with this name and phone is known behind another door: choose that household, or \
         a new one",
        "同名同号的住户登记在另一个门：请选择是那一户，还是新的一户",
    )
}
