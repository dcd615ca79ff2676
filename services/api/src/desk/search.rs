//! What is this? A search that takes anything: a waybill number or its end, a label, a door, a
//! phone's end, a name, the beginning of an id.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, Request as HttpRequest, State};
use domain::address::Door;
use domain::household::HouseholdState;
use domain::household::event::HouseholdStatus;
use domain::ids::{ActorId, CommunityId, GridId, HouseholdId, ParcelId, VolunteerId};
use projections::CommunityViews;
use projections::piece_list::{self, ListedPiece};
use projections::run_sheet::RunLine;
use runtime::Problem;
use runtime::directory::{Place, label_code};
use runtime::scan::Destination;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::roster::{self, RosterEntry};
use crate::App;
use crate::actor::authorize;
use crate::body;
use crate::commands::path_part;
use crate::problem::ProblemResponse;
use crate::views::When;
use crate::views::questions::vault_unavailable;

/// The most finds of one kind that are told.
pub const FINDS_MAX: usize = 20;
/// The longest text that is searched for, in bytes.
pub const TEXT_BYTES_MAX: usize = 600;
/// The fewest characters of a number's end that are looked for.
const NUMBER_END_MIN: usize = 4;
/// The fewest characters of an id's beginning that are looked for.
const ID_BEGINNING_MIN: usize = 6;
/// The digits of a phone's end.
const TAIL_DIGITS: std::ops::RangeInclusive<usize> = 3..=6;

/// What is searched for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchBody {
    /// Who asks.
    actor: ActorId,
    /// Anything.
    text: String,
}

/// What was found, by kind, at most 20 of each.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct FoundBody {
    pieces: Vec<FoundPiece>,
    doors: Vec<FoundDoor>,
    /// Households by a phone's end or a name; never whom to ask for.
    households: Vec<FoundHousehold>,
    volunteers: Vec<RosterEntry>,
    runs: Vec<RunLine>,
    /// Whether there is more of a kind than is told.
    more: bool,
}

/// A piece.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundPiece {
    /// The short code on its label.
    label: String,
    piece: ListedPiece,
}

/// A door.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundDoor {
    door: Door,
    grid: GridId,
    /// The households behind it.
    households: Vec<HouseholdId>,
}

/// A household.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FoundHousehold {
    /// The household.
    pub household: HouseholdId,
    /// Its doors.
    pub doors: BTreeSet<Door>,
    /// How many people it is, as confirmed.
    pub people: Option<u16>,
    /// How it lives, where somebody has said so.
    pub status: Option<HouseholdStatus>,
    /// Whether it can only be reached by an ordinary telephone call.
    pub phone_only: bool,
}

impl FoundHousehold {
    /// What may be told of a household to choose it among others.
    pub fn of(household: HouseholdId, state: &HouseholdState) -> Self {
        Self {
            household,
            doors: state.doors.clone(),
            people: state.head_count.as_ref().map(|count| count.people),
            status: state.status.as_ref().map(|set| set.status),
            phone_only: state.phone_only,
        }
    }
}

/// Searches. It is a question with a body, because a phone's end and a name belong in no address.
pub(crate) async fn search(
    State(app): State<App>,
    Path(community): Path<String>,
    request: HttpRequest,
) -> Result<Json<FoundBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let SearchBody { actor, text } = body::json(&body::bytes(request).await?)?;
    authorize(&actor, &community)?;
    let text = text.trim();
    if text.is_empty() || text.len() > TEXT_BYTES_MAX {
        return Err(shape().into());
    }
    let mut found = FoundBody::default();
    find_pieces(&app, &community, text, &mut found).await?;
    find_doors(&app, &community, text, &mut found)?;
    find_households(&app, &community, text, &mut found)?;
    let ids: Vec<_> = found.doors.iter().flat_map(|door| &door.households).copied().collect();
    app.engine.with_place(&community, |place| {
        for id in ids {
            add_household(place, id, &mut found);
        }
    })?;
    found.runs = app.ask(&community, When::default(), |views, _| runs(views, text)).await?.answer;
    cut(&mut found.runs, &mut found.more);
    find_volunteers(&app, &community, text, &mut found).await?;
    Ok(Json(found))
}

/// Pieces by label or number, by the end of a number, or by an id or its beginning.
async fn find_pieces(
    app: &App,
    community: &CommunityId,
    text: &str,
    found: &mut FoundBody,
) -> Result<(), Problem> {
    let end = text.to_ascii_uppercase();
    let by_end = is_word(text) && text.len() >= NUMBER_END_MIN;
    let exact = app.engine.find(community, text).ok();
    let mut ids: Vec<ParcelId> = exact.into_iter().collect();
    if ids.is_empty() {
        ids = app.engine.with_place(community, |place| {
            let known = place.open_parcels();
            let fits = known.filter(|(id, known)| {
                by_end && known.waybill.number.as_str().ends_with(&end) || begins(id, text)
            });
            fits.map(|(id, _)| id).collect()
        })?;
    }
    let lines = app.ask(community, When::default(), |views, _| {
        let of = |id: &ParcelId| piece_list::piece(views.facts(), *id);
        ids.iter().filter_map(of).collect::<Vec<_>>()
    });
    let mut lines = lines.await?.answer;
    lines.sort_by_key(|line| (!line.spot.is_open(), line.in_spot_since));
    cut(&mut lines, &mut found.more);
    found.pieces = lines
        .into_iter()
        .map(|piece| FoundPiece { label: label_code(piece.parcel), piece })
        .collect();
    Ok(())
}

/// Doors that the text may mean, the likeliest first.
fn find_doors(
    app: &App,
    community: &CommunityId,
    text: &str,
    found: &mut FoundBody,
) -> Result<(), Problem> {
    let destination = Destination { address: Some(text.to_owned()), ..Destination::default() };
    let addressed = app.engine.resolve(community, &destination, None)?;
    let certain = addressed.recipient.map(|recipient| (recipient.door, recipient.grid));
    let others = addressed.candidates.into_iter().filter_map(|one| Some((one.door()?, one.grid)));
    let mut doors: Vec<(Door, GridId)> = vec![];
    for (door, grid) in certain.into_iter().chain(others) {
        if !doors.iter().any(|(known, _)| *known == door) {
            doors.push((door, grid));
        }
    }
    found.doors = app.engine.with_place(community, |place| {
        let of = |(door, grid): (Door, GridId)| {
            let households = place.layout().behind(&door).map(|household| household.id).collect();
            FoundDoor { door, grid, households }
        };
        doors.into_iter().take(FINDS_MAX).map(of).collect()
    })?;
    Ok(())
}

/// Households by a phone's end, by a name, or by an id or its beginning.
fn find_households(
    app: &App,
    community: &CommunityId,
    text: &str,
    found: &mut FoundBody,
) -> Result<(), Problem> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let tail = digits && TAIL_DIGITS.contains(&text.len());
    let vault = app.engine.vault();
    let unavailable = |_| vault_unavailable();
    let tail = tail.then(|| vault.tail_token(community, text)).transpose().map_err(unavailable)?;
    let names = if digits {
        BTreeSet::new()
    } else {
        // A text that is too long for a name is none.
        runtime::person::tokens(vault, community, text).unwrap_or_default()
    };
    app.engine.with_place(community, |place| {
        let fits = |id: &HouseholdId, state: &HouseholdState| {
            let contact = state.contact.as_deref();
            contact.is_some_and(|contact| {
                tail.is_some_and(|tail| contact.phone_tail_tokens.contains(&tail))
                    || !names.is_empty() && names.is_subset(&contact.name_tokens)
            }) || begins(id, text)
        };
        let mut ids: Vec<_> =
            place.households().filter(|(id, state)| fits(id, state)).map(|(id, _)| id).collect();
        ids.sort_unstable();
        for id in ids {
            add_household(place, id, found);
        }
    })
}

fn add_household(place: &Place, id: HouseholdId, found: &mut FoundBody) {
    let known = found.households.iter().any(|known| known.household == id);
    let Some(state) = place.household(id).filter(|state| !state.erased && !known) else { return };
    if found.households.len() < FINDS_MAX {
        found.households.push(FoundHousehold::of(id, state));
    } else {
        found.more = true;
    }
}

fn runs(views: &CommunityViews, text: &str) -> Vec<RunLine> {
    views.runs().into_iter().filter(|line| begins(&line.run, text)).collect()
}

/// Volunteers by a part of the name, or by an id or its beginning.
async fn find_volunteers(
    app: &App,
    community: &CommunityId,
    text: &str,
    found: &mut FoundBody,
) -> Result<(), Problem> {
    let wanted = text.to_lowercase();
    let named = |entry: &RosterEntry| {
        entry.name.as_ref().is_some_and(|name| name.to_lowercase().contains(&wanted))
    };
    let id_begins = |id: &VolunteerId| begins(id, text);
    let all = roster::roster(app, community).await?;
    let mut fitting: Vec<_> =
        all.into_iter().filter(|entry| named(entry) || id_begins(&entry.id)).collect();
    cut(&mut fitting, &mut found.more);
    found.volunteers = fitting;
    Ok(())
}

/// Whether an id begins like this.
fn begins(id: &impl ToString, text: &str) -> bool {
    text.len() >= ID_BEGINNING_MIN
        && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        && id.to_string().starts_with(&text.to_ascii_lowercase())
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn cut<T>(finds: &mut Vec<T>, more: &mut bool) {
    *more |= finds.len() > FINDS_MAX;
    finds.truncate(FINDS_MAX);
}

fn shape() -> Problem {
    Problem::invalid(
        "search-shape",
        format!("a search has 1 to {TEXT_BYTES_MAX} bytes: shorten it"),
        format!("搜索内容须为 1 到 {TEXT_BYTES_MAX} 字节：请缩短"),
    )
}
