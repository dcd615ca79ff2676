//! One run's load and count.

use std::collections::BTreeMap;

use domain::ids::{ParcelId, RunId};

use super::community::Ground;
use super::facts::{Closed, Departed, Load, OfPiece, PieceLoaded, Planned, ToVolunteer, read};
use super::parcel::{Custody, Parcel};
use super::{Broken, Look, Sight};

/// How a run counts a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    OnBoard,
    Delivered,
    Returned,
    Lost,
}

/// What the log tells of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Run {
    grid: Option<String>,
    limit: Load,
    pieces: BTreeMap<ParcelId, (Load, Counted)>,
    /// The courier who accepted it.
    pub courier: Option<String>,
}

impl Run {
    pub(super) fn grid(&self) -> Option<&str> {
        self.grid.as_deref()
    }

    /// How it counts a piece; `None` when it never took it along.
    pub(super) fn counted(&self, parcel: ParcelId) -> Option<Counted> {
        self.pieces.get(&parcel).map(|(_, counted)| *counted)
    }

    /// How many pieces it left at their doors.
    pub(crate) fn delivered(&self) -> usize {
        self.pieces.values().filter(|(_, counted)| *counted == Counted::Delivered).count()
    }

    pub(super) fn look(
        &mut self,
        id: RunId,
        sight: &Sight<'_>,
        ground: &Ground,
        parcels: &BTreeMap<ParcelId, Parcel>,
    ) -> Look {
        match sight.event_type {
            "RunPlanned" => {
                let fact: Planned = read(sight.data)?;
                self.grid = Some(fact.grid);
                self.limit = fact.limit;
            }
            "RunOffered" => self.serves_its_grid(sight, ground).map(|_| ())?,
            "RunAccepted" => self.courier = Some(self.serves_its_grid(sight, ground)?),
            "RunHandedBack" => self.courier = None,
            "RunPieceLoaded" => self.loaded(sight, parcels)?,
            "RunPieceUnloaded" => {
                let OfPiece { parcel } = read(sight.data)?;
                self.pieces.remove(&parcel);
            }
            "RunDeparted" => self.departed(id, sight, parcels)?,
            "RunPieceDelivered" => self.count(sight, Counted::Delivered)?,
            "RunPieceLost" => self.count(sight, Counted::Lost)?,
            "RunPieceReturned" => self.count(sight, Counted::Returned)?,
            "RunPieceFailed" | "RunPieceReopened" => self.count(sight, Counted::OnBoard)?,
            "RunClosed" => self.closed(id, sight, parcels)?,
            // The plan and what was seen of it: neither custody nor load changes with them.
            "RunStopDone" | "RunStopFailed" | "RunCancelled" | "RunReplanned" | "RunSheetSeen"
            | "RunBuildingPaused" | "RunBuildingResumed" | "RunHopCounted" | "RunSlipPrinted" => {}
            other => return Err(Broken(8, format!("nobody knows the event `{other}`"))),
        }
        Ok(())
    }

    fn serves_its_grid(&self, sight: &Sight<'_>, ground: &Ground) -> Result<String, Broken> {
        let ToVolunteer { volunteer } = read(sight.data)?;
        let volunteer = volunteer.to_string();
        if ground.grid_of_volunteer(&volunteer) == self.grid() {
            return Ok(volunteer);
        }
        Err(Broken(3, format!("volunteer {volunteer} is not of grid {:?}", self.grid)))
    }

    fn loaded(&mut self, sight: &Sight<'_>, parcels: &BTreeMap<ParcelId, Parcel>) -> Look {
        let PieceLoaded { parcel, load } = read(sight.data)?;
        let known = parcels.get(&parcel);
        let weighed = known.and_then(|known| known.weight_grams);
        if load.pieces != 1 || weighed.is_some_and(|weighed| weighed != load.weight_grams) {
            return Err(Broken(4, format!("piece {parcel} counts as {load:?}")));
        }
        self.pieces.insert(parcel, (load, Counted::OnBoard));
        let all = self.pieces.values().map(|(load, _)| load);
        let sum = all.fold(Load::default(), |sum, load| Load {
            pieces: sum.pieces + load.pieces,
            weight_grams: sum.weight_grams + load.weight_grams,
            volume_millilitres: sum.volume_millilitres + load.volume_millilitres,
        });
        let fits = sum.pieces <= self.limit.pieces
            && sum.weight_grams <= self.limit.weight_grams
            && sum.volume_millilitres <= self.limit.volume_millilitres;
        if fits { Ok(()) } else { Err(Broken(4, format!("{sum:?} is over {:?}", self.limit))) }
    }

    fn departed(
        &mut self,
        id: RunId,
        sight: &Sight<'_>,
        parcels: &BTreeMap<ParcelId, Parcel>,
    ) -> Look {
        let Departed { counted_pieces } = read(sight.data)?;
        let on_it = parcels.values().filter(|one| one.custody() == Custody::Run(id)).count();
        if usize::try_from(counted_pieces) == Ok(on_it) && on_it == self.pieces.len() {
            return Ok(());
        }
        Err(Broken(1, format!("{counted_pieces} pieces were counted, {on_it} are on it")))
    }

    fn count(&mut self, sight: &Sight<'_>, counted: Counted) -> Look {
        let OfPiece { parcel } = read(sight.data)?;
        match self.pieces.get_mut(&parcel) {
            Some((_, status)) => {
                *status = counted;
                Ok(())
            }
            None => Err(Broken(1, format!("piece {parcel} was never on this run"))),
        }
    }

    fn closed(
        &mut self,
        id: RunId,
        sight: &Sight<'_>,
        parcels: &BTreeMap<ParcelId, Parcel>,
    ) -> Look {
        let Closed { counted_back } = read(sight.data)?;
        let with_it = [Custody::Run(id), Custody::Foot(id)];
        let outstanding = parcels.values().filter(|one| with_it.contains(&one.custody())).count();
        let back = self.pieces.values().filter(|(_, one)| *one == Counted::Returned).count();
        if outstanding == 0 && usize::try_from(counted_back) == Ok(back) {
            return Ok(());
        }
        let words = format!("{outstanding} are outstanding; {counted_back} counted, {back} back");
        Err(Broken(1, words))
    }
}
