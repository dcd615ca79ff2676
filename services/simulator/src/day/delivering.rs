//! A courier's trip: taken piece by piece, counted, carried up, left at doors, brought back.

use domain::ids::RunId;
use domain::parcel::event::{
    DisposalReason, End, FailureReason, Receiver, RefusalReason, ReopenReason,
};
use domain::run::event::RunCancelReason;
use jiff::SignedDuration;
use jiff::civil::time;

use super::queue::Action;
use super::world::{Lies, Mark, Stage, Trip};
use super::{Days, Done, Hand};
use crate::front::{Command, Facts, Front, ScanKind, Status};

/// Of a thousand pieces so many cannot be found on their shelf (assumption).
const NOT_FOUND_PERMILLE: u32 = 5;
/// Of a thousand pieces so many are put back before the cart leaves (assumption).
const PUT_BACK_PERMILLE: u32 = 8;
/// Of a thousand carts so many are first counted wrongly (assumption).
const MISCOUNTED_PERMILLE: u32 = 40;
/// Of a thousand doors so many are scanned by mistake before the right one (assumption).
const WRONG_DOOR_PERMILLE: u32 = 8;
/// Of a thousand hand-offs so many are undone at once: the wrong button (assumption).
const UNDONE_PERMILLE: u32 = 8;
/// Of a thousand hand-offs so many are said never to have come (assumption).
const CLAIMED_PERMILLE: u32 = 4;
/// How a thousand attempts end at the door (assumption): left, nobody, refused, damaged, and not
/// on the cart any more.
const AT_THE_DOOR: [u32; 5] = [951, 34, 8, 6, 1];

impl Days {
    /// Takes the next piece of the list.
    pub(super) async fn load<F: Front>(
        &mut self,
        front: &mut F,
        trip: usize,
        index: usize,
    ) -> Done {
        let Trip { run, stage, courier, .. } = self.trips[trip];
        let taken = [Stage::Accepted, Stage::Loading].contains(&stage);
        let Some(courier) = courier.filter(|_| taken) else { return Ok(()) };
        self.trips[trip].stage = Stage::Loading;
        let Some(piece) = self.trips[trip].pieces.get(index).copied() else {
            self.after(SignedDuration::from_secs(20), Action::Depart(trip));
            return Ok(());
        };
        let hand = self.courier(courier);
        let next = self.chance.seconds(4, 12);
        self.after(next, Action::Load { trip, index: index + 1 });
        if !self.pieces[piece].can_be_loaded(trip) {
            self.pieces[piece].leave(trip);
            return Ok(());
        }
        if self.chance.permille(NOT_FOUND_PERMILLE) {
            let facts = Facts::default();
            self.scan_piece(front, &hand, (ScanKind::Missing, piece), facts, &[]).await?;
            self.pieces[piece].mark(Mark::Missing, true);
            self.pieces[piece].leave(trip);
            return Ok(());
        }
        if self.chance.permille(NOT_FOUND_PERMILLE) {
            self.load_a_stranger(front, trip).await?;
        }
        let facts = Facts { run: Some(run), ..Facts::default() };
        let explained = ["zone-closed", "parcel-recalled"];
        let scan = (ScanKind::Load, piece);
        let reply = self.scan_piece(front, &hand, scan, facts, &explained).await?;
        if reply.status != Status::Accepted {
            self.pieces[piece].leave(trip);
            return Ok(());
        }
        self.pieces[piece].lies = Lies::Cart(trip);
        if self.chance.permille(PUT_BACK_PERMILLE) {
            let facts = Facts { run: Some(run), ..Facts::default() };
            self.scan_piece(front, &hand, (ScanKind::Unload, piece), facts, &[]).await?;
            self.pieces[piece].lies = Lies::Shelf;
            self.pieces[piece].leave(trip);
        }
        Ok(())
    }

    /// A piece of another grid is put on the cart by mistake: the scan says so.
    async fn load_a_stranger<F: Front>(&mut self, front: &mut F, trip: usize) -> Done {
        let Trip { run, grid, courier, .. } = self.trips[trip].clone();
        let own = Some(grid);
        let stranger = (0..self.pieces.len())
            .find(|piece| self.pieces[*piece].can_go() && self.grid_of(*piece) != own);
        let (Some(piece), Some(courier)) = (stranger, courier) else { return Ok(()) };
        let hand = self.courier(courier);
        let facts = Facts { run: Some(run), ..Facts::default() };
        let scan = (ScanKind::Load, piece);
        self.scan_piece(front, &hand, scan, facts, &["wrong-grid"]).await?;
        Ok(())
    }

    /// Counts what is on the cart, and leaves.
    pub(super) async fn depart<F: Front>(&mut self, front: &mut F, trip: usize) -> Done {
        let on_cart = self.on_cart(trip);
        let run = self.trips[trip].run;
        let Trip { stage, courier, .. } = self.trips[trip];
        let Some(courier) = courier.filter(|_| stage == Stage::Loading) else { return Ok(()) };
        let hand = self.courier(courier);
        if on_cart.is_empty() {
            let reason = RunCancelReason::NothingToCarry;
            let desk = self.desk();
            self.ask(front, &desk, Command::CancelRun { run, reason }, &[]).await?;
            self.give_up(trip);
            return Ok(());
        }
        let count = u32::try_from(on_cart.len()).unwrap_or(u32::MAX);
        if self.chance.permille(MISCOUNTED_PERMILLE) {
            let explained = ["run-count-differs"];
            self.leave_with(front, &hand, run, count + 1, &explained).await?;
        }
        self.leave_with(front, &hand, run, count, &[]).await?;
        self.trips[trip].stage = Stage::Departed;
        self.trips[trip].pieces = on_cart;
        let walk = self.chance.seconds(90, 300);
        self.after(walk, Action::Door { trip, index: 0 });
        Ok(())
    }

    async fn leave_with<F: Front>(
        &mut self,
        front: &mut F,
        hand: &Hand,
        run: RunId,
        count: u32,
        explained: &[&str],
    ) -> Done {
        let (run, counted_pieces) = (Some(run), Some(count));
        let facts = Facts { run, counted_pieces, ..Facts::default() };
        self.scan(front, hand, ScanKind::Depart, facts, explained).await.map(|_| ())
    }

    fn on_cart(&self, trip: usize) -> Vec<usize> {
        let places = [Lies::Cart(trip), Lies::Foot(trip)];
        let on_it = |piece: &usize| places.contains(&self.pieces[*piece].lies);
        self.trips[trip].pieces.iter().copied().filter(on_it).collect()
    }

    /// At the next door of the way.
    pub(super) async fn door<F: Front>(
        &mut self,
        front: &mut F,
        trip: usize,
        index: usize,
    ) -> Done {
        let Some(piece) = self.trips[trip].pieces.get(index).copied() else {
            let walk = self.chance.seconds(60, 240);
            self.after(walk, Action::Back(trip));
            return Ok(());
        };
        let climb = self.chance.seconds(25, 110);
        self.after(climb, Action::Door { trip, index: index + 1 });
        let Some(door) = self.door_of(piece) else { return Ok(()) };
        let closed = self.is_closed(&door.building, self.now);
        if closed {
            return self.fail(front, trip, piece, FailureReason::ZoneClosed).await;
        }
        if self.trips[trip].by_foot && self.pieces[piece].lies == Lies::Cart(trip) {
            let building = Some(door.building.clone());
            let facts = Facts { building, ..Facts::default() };
            self.tell(front, trip, (ScanKind::Relay, piece), facts, &[]).await?;
            self.pieces[piece].lies = Lies::Foot(trip);
            self.pieces[piece].mark(Mark::WasAtFoot, true);
        }
        let household = self.pieces[piece].sent.household;
        let lives_here = household
            .is_some_and(|household| self.people.households[household].doors.contains(&door));
        if !lives_here {
            return self.fail(front, trip, piece, FailureReason::WrongDoor).await;
        }
        match self.chance.weighted(&AT_THE_DOOR) {
            0 => self.leave_at_door(front, trip, piece).await,
            1 => self.fail(front, trip, piece, FailureReason::NoAnswer).await,
            2 => {
                self.pieces[piece].give_back = Some(RefusalReason::RecipientRefused);
                self.fail(front, trip, piece, FailureReason::Refused).await
            }
            3 => {
                let facts = Facts { usable: Some(false), ..Facts::default() };
                self.tell(front, trip, (ScanKind::Damage, piece), facts, &[]).await?;
                self.pieces[piece].mark(Mark::Unusable, true);
                self.pieces[piece].give_back = Some(RefusalReason::Damaged);
                self.fail(front, trip, piece, FailureReason::DamagedOrShort).await
            }
            _ => {
                let facts = Facts::default();
                self.tell(front, trip, (ScanKind::Missing, piece), facts, &[]).await?;
                self.pieces[piece].mark(Mark::Missing, true);
                Ok(())
            }
        }
    }

    async fn fail<F: Front>(
        &mut self,
        front: &mut F,
        trip: usize,
        piece: usize,
        reason: FailureReason,
    ) -> Done {
        let run = Some(self.trips[trip].run);
        let facts = Facts { run, failure: Some(reason), ..Facts::default() };
        self.tell(front, trip, (ScanKind::Fail, piece), facts, &[]).await?;
        let here = &mut self.pieces[piece];
        here.lies = Lies::Cart(trip);
        here.mark(Mark::WasAtFoot, false);
        here.attempts += 1;
        here.mark(Mark::WrongDoor, reason == FailureReason::WrongDoor);
        Ok(())
    }

    async fn leave_at_door<F: Front>(&mut self, front: &mut F, trip: usize, piece: usize) -> Done {
        if self.chance.permille(WRONG_DOOR_PERMILLE) {
            self.scan_wrong_door(front, trip, piece).await?;
        }
        self.hand_off(front, trip, piece).await?;
        if self.chance.permille(UNDONE_PERMILLE) {
            let facts = Facts { reopen: Some(ReopenReason::Mistake), ..Facts::default() };
            self.tell(front, trip, (ScanKind::Reopen, piece), facts, &[]).await?;
            self.hand_off(front, trip, piece).await?;
        }
        let early = self.place.local(self.now) < time(18, 0, 0, 0);
        if early && self.chance.permille(CLAIMED_PERMILLE) {
            let wait = self.chance.seconds(1_800, 5_400);
            self.after(wait, Action::Claim(piece));
        }
        Ok(())
    }

    async fn hand_off<F: Front>(&mut self, front: &mut F, trip: usize, piece: usize) -> Done {
        const TAKEN_BY: [Receiver; 4] =
            [Receiver::LeftAtDoor, Receiver::Resident, Receiver::Neighbour, Receiver::Guard];
        let received_by = Some(TAKEN_BY[self.chance.weighted(&[700, 250, 40, 10])]);
        let (run, door) = (Some(self.trips[trip].run), self.door_of(piece));
        let facts = Facts { door, run, received_by, ..Facts::default() };
        self.tell(front, trip, (ScanKind::HandOff, piece), facts, &[]).await?;
        self.pieces[piece].lies = Lies::Home;
        Ok(())
    }

    /// The courier scans a door one floor off: the answer says where the piece belongs.
    async fn scan_wrong_door<F: Front>(
        &mut self,
        front: &mut F,
        trip: usize,
        piece: usize,
    ) -> Done {
        let right = self.door_of(piece);
        let households = self.people.households.iter();
        let door = households.flat_map(|one| &one.doors).find(|door| Some(*door) != right.as_ref());
        let (run, door) = (Some(self.trips[trip].run), door.cloned());
        let facts = Facts { door, run, ..Facts::default() };
        self.tell(front, trip, (ScanKind::HandOff, piece), facts, &["wrong-door"]).await
    }

    /// Back at the gate: what could not be left is scanned back to its shelf.
    pub(super) async fn back<F: Front>(&mut self, front: &mut F, trip: usize) -> Done {
        if !self.trips[trip].kept.is_empty() {
            let wait = self.chance.seconds(60, 600);
            self.after(wait, Action::Upload { trip, round: 0 });
            return Ok(());
        }
        for piece in self.on_cart(trip) {
            if self.pieces[piece].is(Mark::Missing) {
                self.write_off(front, piece).await?;
            } else {
                self.bring_back(front, trip, piece).await?;
            }
        }
        self.after(SignedDuration::from_secs(30), Action::Finish(trip));
        Ok(())
    }

    /// Everybody has looked for it on the stairs: it is closed as lost.
    async fn write_off<F: Front>(&mut self, front: &mut F, piece: usize) -> Done {
        let desk = self.desk();
        let facts = Facts { disposal: Some(DisposalReason::Lost), ..Facts::default() };
        self.scan_piece(front, &desk, (ScanKind::Dispose, piece), facts, &[]).await?;
        self.pieces[piece].lies = Lies::Bin;
        Ok(())
    }

    async fn bring_back<F: Front>(&mut self, front: &mut F, trip: usize, piece: usize) -> Done {
        let hand = self.staff("gate");
        let facts = Facts::default();
        self.scan_piece(front, &hand, (ScanKind::Return, piece), facts, &[]).await?;
        self.trips[trip].counted_back += 1;
        let here = &mut self.pieces[piece];
        here.lies = if here.is(Mark::WrongDoor) { Lies::Desk } else { Lies::Shelf };
        here.mark(Mark::WrongDoor, false);
        here.leave(trip);
        self.wake(piece);
        Ok(())
    }

    /// The count of what came back closes the trip, once nothing of it is open.
    pub(super) async fn finish<F: Front>(&mut self, front: &mut F, trip: usize) -> Done {
        if !self.on_cart(trip).is_empty() {
            self.after(SignedDuration::from_mins(5), Action::Finish(trip));
            return Ok(());
        }
        let Trip { run, counted_back, .. } = self.trips[trip];
        let desk = self.desk();
        let command = Command::CloseRun { run, counted_back };
        self.ask(front, &desk, command, &[]).await?;
        self.trips[trip].stage = Stage::Closed;
        Ok(())
    }

    /// A household says that its piece never came.
    pub(super) async fn claim<F: Front>(&mut self, front: &mut F, piece: usize) -> Done {
        if self.pieces[piece].lies != Lies::Home {
            return Ok(());
        }
        let trip = self.pieces[piece].trip;
        if trip.is_some_and(|trip| !self.trips[trip].kept.is_empty()) {
            // The courier's phone has not told of it yet, so nobody can say that it came.
            self.after(SignedDuration::from_mins(20), Action::Claim(piece));
            return Ok(());
        }
        let desk = self.desk();
        let facts = Facts::default();
        self.scan_piece(front, &desk, (ScanKind::Missing, piece), facts, &[]).await?;
        let wait = self.chance.seconds(600, 1_800);
        self.after(wait, Action::Settle(piece));
        Ok(())
    }

    /// The desk calls both sides. Either it stood behind the shoe rack, or it is at another door.
    pub(super) async fn settle<F: Front>(&mut self, front: &mut F, piece: usize) -> Done {
        let truth = if self.chance.permille(600) { End::HandedOff } else { End::NotReceived };
        let desk = self.desk();
        let facts = Facts { truth: Some(truth), ..Facts::default() };
        self.scan_piece(front, &desk, (ScanKind::SettleDispute, piece), facts, &[]).await?;
        if truth == End::NotReceived {
            let Some(trip) = self.pieces[piece].trip else { return Ok(()) };
            self.pieces[piece].lies = self.pieces[piece].before_home(trip);
            let wait = self.chance.seconds(600, 1_800);
            self.after(wait, Action::FoundElsewhere { trip, piece });
        }
        Ok(())
    }

    /// The courier finds it at another door and brings it to the right one.
    pub(super) async fn found_elsewhere<F: Front>(
        &mut self,
        front: &mut F,
        trip: usize,
        piece: usize,
    ) -> Done {
        let building = self.door_of(piece).map(|door| door.building);
        if building.is_some_and(|building| self.is_closed(&building, self.now)) {
            let wait = SignedDuration::from_mins(20);
            self.after(wait, Action::FoundElsewhere { trip, piece });
            return Ok(());
        }
        let hand = self.with_signal(trip);
        let facts = Facts::default();
        self.scan_piece(front, &hand, (ScanKind::Found, piece), facts, &[]).await?;
        let (run, door) = (Some(self.trips[trip].run), self.door_of(piece));
        let facts = Facts { door, run, ..Facts::default() };
        self.scan_piece(front, &hand, (ScanKind::HandOff, piece), facts, &[]).await?;
        self.pieces[piece].lies = Lies::Home;
        // The settlement had opened the run again; it is closed once, however many were found.
        if self.trips[trip].stage == Stage::Closed {
            self.trips[trip].stage = Stage::Departed;
            self.after(SignedDuration::from_secs(60), Action::Finish(trip));
        }
        Ok(())
    }

    /// A courier's scan: sent now, or kept by a phone that has no signal on the stairs.
    pub(super) async fn tell<F: Front>(
        &mut self,
        front: &mut F,
        trip: usize,
        (kind, piece): (ScanKind, usize),
        facts: Facts,
        explained: &[&str],
    ) -> Done {
        let Some(courier) = self.trips[trip].courier else { return Ok(()) };
        let hand = self.courier(courier);
        if self.people.volunteers[courier].offline {
            let facts = self.named(piece, facts);
            let scan = self.make(&hand, kind, facts);
            self.trips[trip].kept.push(scan);
            return Ok(());
        }
        self.scan_piece(front, &hand, (kind, piece), facts, explained).await.map(|_| ())
    }

    /// The courier's phone; the desk's, where that phone may be on the stairs again.
    fn with_signal(&self, trip: usize) -> Hand {
        let courier = self.trips[trip].courier;
        let phone = courier.filter(|courier| !self.people.volunteers[*courier].offline);
        phone.map_or_else(|| self.desk(), |courier| self.courier(courier))
    }
}
