//! The wire forms of commands and the facts that are looked up for them.

use std::collections::BTreeSet;

use domain::community::event::{
    AliasAdded, ArrivalPolicySet, BuildingAssigned, BuildingDescribed, CommunityRegistered,
    DeliveryPolicySet, DisinfectionPolicySet, EntrancePlaced, GateOpened, GatePlaced, GridDrawn,
    IntakePointSet, PathBlocked, PathCleared, PathsDrawn, PlanningPolicySet, TripLimitSet,
    WindowPolicySet, ZoneDrawn, ZoneStateChanged,
};
use domain::community::{Community, CommunityCommand};
use domain::device::{Device, DeviceCommand};
use domain::household::event::{
    HouseholdContactSet, HouseholdDietSet, HouseholdDoorsSet, HouseholdNeedsSet, HouseholdReachSet,
    HouseholdRegistered, HouseholdStatusSet,
};
use domain::household::{Household, HouseholdCommand};
use domain::ids::{
    ActorId, BuildingId, DeviceId, GridId, HouseholdId, OrderId, RunId, VolunteerId,
};
use domain::order::event::{OrderCancelReason, OrderPlaced};
use domain::order::{Order, OrderCommand};
use domain::run::event::{
    RunBuildingPaused, RunCancelReason, RunHopCounted, RunPlanned, RunReplanned,
};
use domain::run::{Run, RunCommand};
use domain::sealed::Sealed;
use domain::supply::Load;
use domain::volunteer::event::{
    Role, VolunteerBreakPlanned, VolunteerBreakWithdrawn, VolunteerBuildingsKept,
    VolunteerEnrolled, VolunteerEquipped, VolunteerGridJoined, VolunteerLimitsSet,
    VolunteerPoolJoined, VolunteerRolesChanged, VolunteerShiftPlanned, VolunteerShiftWithdrawn,
    VolunteerStatusSet,
};
use domain::volunteer::{Volunteer, VolunteerCommand};
use jiff::civil::Date;
use runtime::codec::Main;
use runtime::vault::{Subject, VaultError};
use runtime::{Problem, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Wire;
use crate::App;

/// A command on a community. Each says how something shall be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CommunityCommandBody {
    /// Make it known to the engine.
    Register(CommunityRegistered),
    /// Add a gate.
    OpenGate(GateOpened),
    /// Choose the gate where supplies come in.
    SetIntakePoint(IntakePointSet),
    /// Add a grid or change its colour.
    DrawGrid(GridDrawn),
    /// Add a building or describe it anew.
    DescribeBuilding(BuildingDescribed),
    /// Put a building into a grid.
    AssignBuilding(BuildingAssigned),
    /// Say which buildings a zone covers.
    DrawZone(ZoneDrawn),
    /// Put a zone under a restriction.
    ChangeZoneState(ZoneStateChanged),
    /// Set a category's windows.
    SetWindowPolicy(WindowPolicySet),
    /// Set a category's disinfection.
    SetDisinfectionPolicy(DisinfectionPolicySet),
    /// Set what one trip carries.
    SetTripLimit(TripLimitSet),
    /// Say what a text in an address means.
    AddAlias(AliasAdded),
    /// Say where a gate stands.
    PlaceGate(GatePlaced),
    /// Say where people enter a building, or one unit of it.
    PlaceEntrance(EntrancePlaced),
    /// Say which paths there are.
    DrawPaths(PathsDrawn),
    /// Close a path.
    BlockPath(PathBlocked),
    /// Open a path again.
    ClearPath(PathCleared),
    /// Say how deliveries are planned.
    SetPlanningPolicy(PlanningPolicySet),
    /// Say how far a category is brought.
    SetDeliveryPolicy(DeliveryPolicySet),
    /// Say when deliveries come to the intake point, and how many.
    SetArrivalPolicy(ArrivalPolicySet),
}

impl Wire for CommunityCommandBody {
    type Aggregate = Community;

    async fn prepare(self, _: &App, _: &Request, _: &Main) -> Result<CommunityCommand, Problem> {
        Ok(match self {
            Self::Register(fact) => {
                check_time_zone(&fact.time_zone)?;
                CommunityCommand::Register(fact)
            }
            Self::OpenGate(fact) => CommunityCommand::OpenGate(fact),
            Self::SetIntakePoint(fact) => CommunityCommand::SetIntakePoint(fact),
            Self::DrawGrid(fact) => CommunityCommand::DrawGrid(fact),
            Self::DescribeBuilding(fact) => CommunityCommand::DescribeBuilding(fact),
            Self::AssignBuilding(fact) => CommunityCommand::AssignBuilding(fact),
            Self::DrawZone(fact) => CommunityCommand::DrawZone(fact),
            Self::ChangeZoneState(fact) => CommunityCommand::ChangeZoneState(fact),
            Self::SetWindowPolicy(fact) => CommunityCommand::SetWindowPolicy(fact),
            Self::SetDisinfectionPolicy(fact) => CommunityCommand::SetDisinfectionPolicy(fact),
            Self::SetTripLimit(fact) => CommunityCommand::SetTripLimit(fact),
            Self::AddAlias(fact) => {
                runtime::check_alias(&fact.text)?;
                CommunityCommand::AddAlias(fact)
            }
            Self::PlaceGate(fact) => CommunityCommand::PlaceGate(fact),
            Self::PlaceEntrance(fact) => CommunityCommand::PlaceEntrance(fact),
            Self::DrawPaths(fact) => CommunityCommand::DrawPaths(fact),
            Self::BlockPath(fact) => CommunityCommand::BlockPath(fact),
            Self::ClearPath(fact) => CommunityCommand::ClearPath(fact),
            Self::SetPlanningPolicy(fact) => CommunityCommand::SetPlanningPolicy(fact),
            Self::SetDeliveryPolicy(fact) => CommunityCommand::SetDeliveryPolicy(fact),
            Self::SetArrivalPolicy(fact) => CommunityCommand::SetArrivalPolicy(fact),
        })
    }
}

fn check_time_zone(name: &str) -> Result<(), Problem> {
    match jiff::tz::TimeZone::get(name) {
        Ok(_) => Ok(()),
        Err(_) => Err(Problem::invalid(
            "time-zone-unknown",
            format!("`{name}` is no time zone: write an IANA name such as `Asia/Shanghai`"),
            format!("`{name}` 不是时区：请填写 IANA 名称，例如 `Asia/Shanghai`"),
        )),
    }
}

/// A command on a household.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HouseholdCommandBody {
    /// Make it known.
    Register(HouseholdRegistered),
    /// Say where it lives.
    SetDoors(HouseholdDoorsSet),
    /// Say that another number of people eat together than is confirmed.
    ProposeHeadCount {
        /// How many.
        people: u16,
        /// The community's day on which it was counted.
        on: Date,
    },
    /// Confirm the number of people; one that somebody proposed is confirmed by somebody else.
    ConfirmHeadCount {
        /// How many.
        people: u16,
        /// The community's day on which it is confirmed.
        on: Date,
    },
    /// Say how it lives now.
    SetStatus(HouseholdStatusSet),
    /// Say in which language and by what it is reached.
    SetReach(HouseholdReachSet),
    /// Say what it eats.
    SetDiet(HouseholdDietSet),
    /// Say what deliveries must take into account.
    SetNeeds(HouseholdNeedsSet),
    /// Say whom to ask for; sealed with the household's own key before it is stored.
    SetContact {
        /// The name.
        name: Option<String>,
        /// The phone number.
        phone: Option<String>,
        /// A note.
        note: Option<String>,
        /// The last 3 to 6 digits of its phones, so that a label finds it.
        #[serde(default)]
        phone_tails: BTreeSet<String>,
        /// Further names on its parcels, at most 7. They are kept as search tokens only.
        #[serde(default)]
        label_names: BTreeSet<String>,
    },
    /// Forget it: its key is deleted.
    Erase,
}

impl Wire for HouseholdCommandBody {
    type Aggregate = Household;

    async fn prepare(
        self,
        app: &App,
        request: &Request,
        id: &HouseholdId,
    ) -> Result<HouseholdCommand, Problem> {
        let who = || -> ActorId { request.actor.clone() };
        Ok(match self {
            Self::Register(fact) => {
                check_doors(app, request, &fact.doors)?;
                HouseholdCommand::Register(fact)
            }
            Self::SetDoors(fact) => {
                check_doors(app, request, &fact.doors)?;
                HouseholdCommand::SetDoors(fact)
            }
            Self::ProposeHeadCount { people, on } => {
                let (proposed_by, proposed_on) = (who(), on);
                HouseholdCommand::ProposeHeadCount { people, proposed_by, proposed_on }
            }
            Self::ConfirmHeadCount { people, on } => {
                let (confirmed_by, confirmed_on) = (who(), on);
                HouseholdCommand::ConfirmHeadCount { people, confirmed_by, confirmed_on }
            }
            Self::SetStatus(fact) => HouseholdCommand::SetStatus(fact),
            Self::SetReach(fact) => HouseholdCommand::SetReach(fact),
            Self::SetDiet(fact) => HouseholdCommand::SetDiet(fact),
            Self::SetNeeds(fact) => HouseholdCommand::SetNeeds(fact),
            Self::SetContact { name, phone, note, phone_tails, label_names } => {
                let community = &request.community;
                let subject = Subject::Household(community.clone(), *id);
                let seal = |text: Option<String>| -> Result<Option<Sealed>, Problem> {
                    text.map(|text| app.engine.vault().seal(&subject, &text))
                        .transpose()
                        .map_err(|error| vault_problem(&error))
                };
                let tokens = phone_tails.iter().map(|tail| {
                    runtime::person::check_tail(tail)?;
                    let token = app.engine.vault().tail_token(community, tail);
                    token.map_err(|error| vault_problem(&error))
                });
                let mut name_tokens = BTreeSet::new();
                for name in name.iter().chain(&label_names) {
                    let tokens = runtime::person::tokens(app.engine.vault(), community, name);
                    name_tokens.extend(tokens.map_err(|error| name_problem(&error))?);
                }
                HouseholdCommand::SetContact(Box::new(HouseholdContactSet {
                    name: seal(name)?,
                    phone: seal(phone)?,
                    note: seal(note)?,
                    phone_tail_tokens: tokens.collect::<Result<_, _>>()?,
                    name_tokens,
                }))
            }
            Self::Erase => HouseholdCommand::Erase,
        })
    }
}

/// Nobody lives behind a door that the community does not have.
fn check_doors(
    app: &App,
    request: &Request,
    doors: &BTreeSet<domain::address::Door>,
) -> Result<(), Problem> {
    let unknown = app.engine.with_place(&request.community, |place| {
        doors.iter().find(|door| !place.community().has_door(door)).cloned()
    })?;
    match unknown {
        None => Ok(()),
        Some(door) => Err(Problem::not_found(
            "door-unknown",
            format!("there is no door {door}: check building, unit and room"),
            format!("没有 {door} 这个门：请核对楼栋、单元和房号"),
        )),
    }
}

fn name_problem(error: &runtime::person::NameError) -> Problem {
    match error {
        runtime::person::NameError::TooLong => runtime::person::name_too_long(),
        runtime::person::NameError::Vault(error) => vault_problem(error),
    }
}

fn vault_problem(error: &VaultError) -> Problem {
    match error {
        VaultError::Erased => Problem::new(
            runtime::ProblemKind::Refused,
            "household-erased",
            "this household was erased: register a new one",
            "该户信息已删除：请重新登记",
        ),
        VaultError::Database(_)
        | VaultError::Folder(_)
        | VaultError::NotEmpty { .. }
        | VaultError::Randomness
        | VaultError::Unreadable => {
            tracing::error!(error = error as &dyn std::error::Error, "the vault failed");
            Problem::deferred(
                "vault-unavailable",
                "personal data cannot be sealed now: keep this and send it again",
                "目前无法加密个人信息：请保留，稍后重发",
            )
        }
    }
}

/// A command on an order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OrderCommandBody {
    /// Place it.
    Place(OrderPlaced),
    /// Say how much of a line does not come.
    MarkShort {
        /// The line, counted from 1.
        line: u16,
        /// How much of its quantity is missing altogether.
        missing: u32,
    },
    /// Say in how many pieces it comes.
    CorrectPieces {
        /// In how many.
        pieces: u16,
    },
    /// Call it off while nothing of it was handed off.
    Cancel {
        /// Why.
        reason: OrderCancelReason,
    },
    /// Say whether its pieces are needed at once, whatever is inside.
    SetUrgency {
        /// Whether they are.
        urgent: bool,
    },
}

impl Wire for OrderCommandBody {
    type Aggregate = Order;

    fn needs_version(&self) -> bool {
        matches!(self, Self::Cancel { .. })
    }

    async fn prepare(
        self,
        app: &App,
        request: &Request,
        _: &OrderId,
    ) -> Result<OrderCommand, Problem> {
        Ok(match self {
            Self::Place(fact) => {
                let known = app.engine.with_place(&request.community, |place| {
                    place.household(fact.household).is_some_and(|household| !household.erased)
                })?;
                if !known {
                    return Err(household_unknown());
                }
                OrderCommand::Place(fact)
            }
            Self::MarkShort { line, missing } => OrderCommand::MarkShort { line, missing },
            Self::CorrectPieces { pieces } => OrderCommand::CorrectPieces { pieces },
            Self::Cancel { reason } => OrderCommand::Cancel { reason },
            Self::SetUrgency { urgent } => OrderCommand::SetUrgency { urgent },
        })
    }
}

fn household_unknown() -> Problem {
    Problem::not_found(
        "household-unknown",
        "this household is not registered: register it first",
        "该户尚未登记：请先登记",
    )
}

/// A command on a run. Loading and leaving are scans.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RunCommandBody {
    /// Plan it.
    Plan(RunPlanned),
    /// Ask a volunteer to make the trip.
    Offer {
        /// Who.
        volunteer: VolunteerId,
        /// Who goes along, where two people are needed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        helper: Option<VolunteerId>,
    },
    /// Make the trip that was offered.
    Accept {
        /// Who was asked.
        volunteer: VolunteerId,
    },
    /// Decline the offer, or give the run back before anything is loaded.
    HandBack {
        /// Who had it.
        volunteer: VolunteerId,
    },
    /// End it, once every piece was delivered or came back.
    Close {
        /// The pieces that came back, as counted by hand.
        counted_back: u32,
    },
    /// Call it off before it departs.
    Cancel {
        /// Why.
        reason: RunCancelReason,
    },
    /// Change its stops; what was loaded stays on the way.
    Replan(RunReplanned),
    /// Say that the courier has seen the run sheet.
    SeeSheet {
        /// Which edition: 1 as it was planned, one more with each change.
        sheet: u32,
    },
    /// Leave a building out for now.
    PauseBuilding(RunBuildingPaused),
    /// Go to a building again.
    ResumeBuilding {
        /// The building.
        building: BuildingId,
    },
    /// Say how many pieces were counted at a hop of the way.
    CountHop(RunHopCounted),
}

impl Wire for RunCommandBody {
    type Aggregate = Run;

    fn needs_version(&self) -> bool {
        match self {
            Self::Offer { .. } | Self::Cancel { .. } | Self::Replan(_) => true,
            Self::Plan(_)
            | Self::Accept { .. }
            | Self::HandBack { .. }
            | Self::Close { .. }
            | Self::SeeSheet { .. }
            | Self::PauseBuilding(_)
            | Self::ResumeBuilding { .. }
            | Self::CountHop(_) => false,
        }
    }

    async fn prepare(self, app: &App, request: &Request, _: &RunId) -> Result<RunCommand, Problem> {
        Ok(match self {
            Self::Plan(fact) => {
                let known = app.engine.with_place(&request.community, |place| {
                    place.community().grids.contains_key(&fact.grid)
                })?;
                if !known {
                    return Err(Problem::not_found(
                        "grid-unknown",
                        format!("there is no grid {}: draw it first", fact.grid),
                        format!("没有 {} 网格：请先划定", fact.grid),
                    ));
                }
                RunCommand::Plan(fact)
            }
            Self::Offer { volunteer, helper } => {
                let (community, at) = (&request.community, request.recorded_at);
                app.engine.offer_to(community, volunteer, helper, None, at).await?
            }
            Self::Accept { volunteer } => RunCommand::Accept { volunteer },
            Self::HandBack { volunteer } => RunCommand::HandBack { volunteer },
            Self::Close { counted_back } => RunCommand::Close { counted_back },
            Self::Cancel { reason } => RunCommand::Cancel { reason },
            Self::Replan(fact) => RunCommand::Replan(fact),
            Self::SeeSheet { sheet } => RunCommand::SeeSheet { sheet },
            Self::PauseBuilding(fact) => RunCommand::PauseBuilding(fact),
            Self::ResumeBuilding { building } => RunCommand::ResumeBuilding { building },
            Self::CountHop(fact) => RunCommand::CountHop(fact),
        })
    }
}

/// A command on a volunteer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum VolunteerCommandBody {
    /// Make the volunteer known and give out a badge.
    Enrol {
        /// The grid that the volunteer serves, and no other; without it, until one is joined.
        grid: Option<GridId>,
        /// What the volunteer does; at least one role.
        roles: BTreeSet<Role>,
        /// Whether the volunteer has protection for sealed zones.
        protection: bool,
        /// What the volunteer can carry in one trip.
        carry_limit: Load,
        /// The name; sealed with the volunteer's own key before it is stored.
        name: Option<String>,
    },
    /// Say what the volunteer does.
    ChangeRoles(VolunteerRolesChanged),
    /// Say which grid the volunteer serves.
    JoinGrid(VolunteerGridJoined),
    /// Say what protection the volunteer has and how much is not too heavy.
    Equip(VolunteerEquipped),
    /// Say that the volunteer works then.
    PlanShift(VolunteerShiftPlanned),
    /// Say that the volunteer does not work then after all.
    WithdrawShift(VolunteerShiftWithdrawn),
    /// Say how things stand.
    SetStatus(VolunteerStatusSet),
    /// Take the badge away, for good.
    RevokeBadge,
    /// Say how much climbing is not too much.
    SetLimits(VolunteerLimitsSet),
    /// Say of which buildings the volunteer is the regular one.
    KeepBuildings(VolunteerBuildingsKept),
    /// Say when the volunteer is asked.
    JoinPool(VolunteerPoolJoined),
    /// Say that the volunteer rests then, within a shift.
    PlanBreak(VolunteerBreakPlanned),
    /// Say that the volunteer does not rest then after all.
    WithdrawBreak(VolunteerBreakWithdrawn),
}

impl Wire for VolunteerCommandBody {
    type Aggregate = Volunteer;

    async fn prepare(
        self,
        app: &App,
        request: &Request,
        id: &VolunteerId,
    ) -> Result<VolunteerCommand, Problem> {
        Ok(match self {
            Self::Enrol { grid, roles, protection, carry_limit, name } => {
                let subject = Subject::Volunteer(request.community.clone(), *id);
                let name = name.map(|name| app.engine.vault().seal(&subject, &name)).transpose();
                let name = name.map_err(|error| vault_problem(&error))?;
                let fact = VolunteerEnrolled { grid, roles, protection, carry_limit, name };
                VolunteerCommand::Enrol(fact)
            }
            Self::ChangeRoles(fact) => VolunteerCommand::ChangeRoles(fact),
            Self::JoinGrid(fact) => VolunteerCommand::JoinGrid(fact),
            Self::Equip(fact) => VolunteerCommand::Equip(fact),
            Self::PlanShift(fact) => VolunteerCommand::PlanShift(fact),
            Self::WithdrawShift(fact) => VolunteerCommand::WithdrawShift(fact),
            Self::SetStatus(fact) => VolunteerCommand::SetStatus(fact),
            Self::RevokeBadge => VolunteerCommand::RevokeBadge,
            Self::SetLimits(fact) => VolunteerCommand::SetLimits(fact),
            Self::KeepBuildings(fact) => VolunteerCommand::KeepBuildings(fact),
            Self::JoinPool(fact) => VolunteerCommand::JoinPool(fact),
            Self::PlanBreak(fact) => VolunteerCommand::PlanBreak(fact),
            Self::WithdrawBreak(fact) => VolunteerCommand::WithdrawBreak(fact),
        })
    }
}

/// A command on a device.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeviceCommandBody {
    /// Trust it no more: nothing from it applies by itself.
    Revoke,
    /// Trust it again.
    Restore,
}

impl Wire for DeviceCommandBody {
    type Aggregate = Device;

    async fn prepare(self, _: &App, _: &Request, _: &DeviceId) -> Result<DeviceCommand, Problem> {
        Ok(match self {
            Self::Revoke => DeviceCommand::Revoke,
            Self::Restore => DeviceCommand::Restore,
        })
    }
}
