//! The evening: what is left, and the close of the day.

use std::collections::BTreeMap;

use domain::ids::{ActorId, CommunityId, ParcelId, RunId};
use domain::plan::event::UnplannedReason;
use domain::plan::event::{LeftPiece, PlanDayClosed, PlanPiecesSetAside, Remains, SetAside};
use domain::plan::{Plan, PlanCommand, PlanRefusal};
use domain::run::Phase;
use event_log::{Position, Revision};
use jiff::civil::{Date, Time};
use planner::evening;
use planner::proposal::propose;
use planner::situation::PieceAtGate;

use super::look::Look;
use super::step::CALL_OFF;
use super::{When, policy};
use crate::engine::{Commanded, Engine};
use crate::problem::Problem;
use crate::request::Request;

/// What is left of a day.
#[derive(Debug, Clone)]
pub struct Evening {
    /// The day.
    pub day: Date,
    /// The day is closed, and this is what was left then.
    pub closed: bool,
    /// When it is usually closed, in local time.
    pub day_closes: Time,
    /// What is left; the owner is whoever closes the day.
    pub left: Vec<LeftPiece>,
    /// The runs that somebody is out with, or has loaded.
    pub runs_out: Vec<RunId>,
    /// What is known of the pieces.
    pub pieces: BTreeMap<ParcelId, PieceAtGate>,
}

/// A day that was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedDay {
    /// The day.
    pub day: Date,
    /// How many pieces were left.
    pub left: usize,
    /// It had been closed before.
    pub already_so: bool,
    /// The plan's revision right after it.
    pub revision: Option<Revision>,
    /// The position that every view has seen.
    pub position: Position,
}

impl Engine {
    /// What would be left if the day were closed now by `owner`; of a closed day, what was left.
    ///
    /// # Errors
    /// A problem when the community is unknown or the log cannot be read.
    pub async fn evening(&self, id: &CommunityId, owner: &ActorId) -> Result<Evening, Problem> {
        let look = self.look(id).await?;
        let left = match &look.plan.left {
            Some(left) => left.clone(),
            None => left_of(&look, id, owner),
        };
        let pieces = look.pieces.iter().chain(&look.waiting);
        Ok(Evening {
            day: look.day,
            closed: look.plan.left.is_some(),
            day_closes: policy(&look.community).day_closes,
            left,
            runs_out: look.runs_out().collect(),
            pieces: pieces.map(|piece| (piece.id, piece.clone())).collect(),
        })
    }

    /// Closes the day in somebody's name, who answers for what stays: runs that nobody has loaded
    /// are called off, every piece that stays hears why and who answers for it, and nothing is
    /// planned any more.
    ///
    /// # Errors
    /// A problem: somebody is out, food is left, the community is unknown, or the log cannot be
    /// read.
    pub async fn close_day(&self, closer: &Request) -> Result<ClosedDay, Problem> {
        let id = &closer.community;
        if self.views().ledger().entry(closer.command_id).is_some() {
            let day = self.day_of(id)?;
            let nothing = || PlanCommand::SetAside(PlanPiecesSetAside { pieces: vec![] });
            let done = self.command::<Plan>(closer, &day, None, |_| Ok(nothing())).await?;
            return Ok(closed(day, done));
        }
        let (look, _) = self.look_after_changes(id).await?;
        if look.plan.left.is_none()
            && let Some(problem) = in_the_way(&look, id, &closer.actor)
        {
            let done = self.unprepared::<Plan>(closer, &look.day, problem).await?;
            return Ok(closed(look.day, done));
        }
        for (run, state) in &look.runs {
            match state.phase {
                Phase::Planned | Phase::Offered | Phase::Accepted => {
                    self.change(id, &look, *run, CALL_OFF).await?;
                }
                Phase::Unknown | Phase::Departed | Phase::Closed | Phase::Cancelled => {}
            }
        }
        self.carried_out().await;
        let (look, _) = self.look_after_changes(id).await?;
        let command =
            PlanCommand::CloseDay(PlanDayClosed { left: left_of(&look, id, &closer.actor) });
        let done = self.command::<Plan>(closer, &look.day, None, |_| Ok(command.clone())).await?;
        self.carried_out().await;
        let position = self.progress().position;
        Ok(ClosedDay { position, ..closed(look.day, done) })
    }
}

fn closed(day: Date, done: Commanded<Plan>) -> ClosedDay {
    let Commanded { state, revision, already_so, position } = done;
    let left = state.left.as_ref().map_or(0, Vec::len);
    ClosedDay { day, left, already_so, revision, position }
}

/// What keeps a day from being closed.
fn in_the_way(look: &Look, id: &CommunityId, owner: &ActorId) -> Option<Problem> {
    let out = look.runs_out().count();
    if out > 0 {
        return Some(Problem::refused(&PlanRefusal::RunsOpen { count: out }));
    }
    let left = left_of(look, id, owner);
    let food = left.iter().filter(|piece| piece.remains == Remains::Perishes).count();
    (food > 0).then(|| Problem::refused(&PlanRefusal::PerishablesLeft { count: food }))
}

/// What is left at the gate, with what waits there for a courier who does not come.
fn left_of(look: &Look, id: &CommunityId, owner: &ActorId) -> Vec<LeftPiece> {
    let mut unplanned = propose(&look.situation(id, When::Now)).unplanned;
    let waiting = look.waiting.iter();
    let nobody = |piece: &PieceAtGate| SetAside {
        parcel: piece.id,
        reason: piece.held_up.clone().unwrap_or(UnplannedReason::NoCourier),
    };
    unplanned.extend(waiting.map(nobody));
    evening::left(look.pieces.iter().chain(&look.waiting), &unplanned, owner)
}
