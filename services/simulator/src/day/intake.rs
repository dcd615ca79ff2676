//! At the gate: vans unload, pieces are scanned in, treated table by table, sorted, asked about.

use domain::ids::GridId;
use domain::parcel::event::RefusalReason;
use jiff::SignedDuration;
use jiff::civil::time;

use super::queue::Action;
use super::sending::DUPLICATE;
use super::world::{Lies, Mark, Table, TableKind};
use super::{Days, Done};
use crate::front::{Facts, Front, ScanKind, Status};

/// The most pieces on one table (assumption).
const TABLE_PIECES: usize = 30;
/// How long a table waits for more pieces (assumption).
const TABLE_WAITS: SignedDuration = SignedDuration::from_mins(5);
/// Of a thousand pieces so many come in damaged beyond use (assumption).
const BROKEN_PERMILLE: u32 = 4;
/// Of a thousand pieces so many come in dented and are good all the same (assumption).
const DENTED_PERMILLE: u32 = 8;
/// Of a thousand pieces so many are first put down in the wrong grid's place (assumption).
const MISPLACED_PERMILLE: u32 = 12;
/// Of a thousand tables so many are wiped too early (assumption).
const EARLY_PERMILLE: u32 = 40;
/// Of a thousand pieces of unclear address so many are cleared up at each try (assumption).
const CLEARED_UP_PERMILLE: u32 = 850;

impl Days {
    /// A van's pieces queue up at the gate.
    pub(super) fn unload(&mut self, pieces: &[usize]) {
        for piece in pieces {
            let effort = self.chance.seconds(6, 14);
            let done = self.gate.take(self.now, effort);
            self.queue.push(done, Action::ScanIn(*piece));
        }
    }

    pub(super) async fn scan_in<F: Front>(&mut self, front: &mut F, piece: usize) -> Done {
        let table = self.table_for(piece);
        let hand = self.staff("gate");
        let sent = self.pieces[piece].sent.clone();
        let announced = sent.ordered;
        let facts = Facts {
            container: Some(self.tables[table].container.clone()),
            category: Some(sent.category),
            size: Some(sent.size),
            cold: Some(sent.cold),
            weight_grams: sent.weight_grams,
            // What was announced needs no address; its bag often has none.
            address: sent.address.clone().filter(|_| !announced),
            phone_tail: sent.tail.clone(),
            ..self.waybill_of(piece)
        };
        let scan = self.make(&hand, ScanKind::Arrive, facts);
        let reply = self.say(front, &hand, &scan, &[]).await?;
        self.tally.unloaded += 1;
        let here = &mut self.pieces[piece];
        here.lies = Lies::Table;
        here.arrived_at = self.now;
        here.parcel = reply.parcel;
        here.label = reply.label;
        here.door = reply.door;
        // The engine numbers a piece without a number by the scan that brought it in.
        here.own_number = Some(format!("{:X}", scan.command_id.0.simple()));
        self.tables[table].pieces.push(piece);
        self.watch_table(table);
        self.look_at(front, piece).await
    }

    /// Whoever holds it sees whether it is damaged.
    async fn look_at<F: Front>(&mut self, front: &mut F, piece: usize) -> Done {
        let broken = self.chance.permille(BROKEN_PERMILLE);
        if !broken && !self.chance.permille(DENTED_PERMILLE) {
            return Ok(());
        }
        let hand = self.staff("gate");
        let facts = Facts { usable: Some(!broken), ..Facts::default() };
        self.scan_piece(front, &hand, (ScanKind::Damage, piece), facts, &[]).await?;
        if broken {
            self.pieces[piece].mark(Mark::Unusable, true);
            self.pieces[piece].give_back = Some(RefusalReason::Damaged);
        }
        Ok(())
    }

    /// A table of the right kind with room on it.
    fn table_for(&mut self, piece: usize) -> usize {
        let kind = TableKind::of(self.pieces[piece].sent.category);
        let free = |table: &Table| {
            table.kind == kind && !table.sprayed && table.pieces.len() < TABLE_PIECES
        };
        if let Some(table) = self.tables.iter().position(free) {
            return table;
        }
        let number = self.tables.len() + 1;
        let name = match kind {
            TableKind::Food => format!("食{number}"),
            TableKind::Goods => format!("物{number}"),
        };
        let container = name.parse().ok();
        let first = self.tables.first().map(|table| table.container.clone());
        self.tables.extend(container.or(first).map(|container| Table {
            kind,
            container,
            pieces: vec![],
            batch: 0,
            sprayed: false,
        }));
        self.tables.len() - 1
    }

    /// A table is treated when it is full, or when nothing more came for a while.
    fn watch_table(&mut self, table: usize) {
        let Table { pieces, batch, .. } = &self.tables[table];
        let (count, batch) = (pieces.len(), *batch);
        if count == 1 {
            self.after(TABLE_WAITS, Action::Spray { table, batch });
        }
        if count == TABLE_PIECES {
            self.after(SignedDuration::ZERO, Action::Spray { table, batch });
        }
    }

    pub(super) async fn spray<F: Front>(
        &mut self,
        front: &mut F,
        table: usize,
        batch: u32,
    ) -> Done {
        if self.tables[table].batch != batch || self.tables[table].sprayed {
            return Ok(());
        }
        self.tables[table].sprayed = true;
        self.treat(front, table, ScanKind::DisinfectStart, &[]).await?;
        let acts = self.tables[table].pieces.iter().filter_map(|piece| {
            self.place.act_seconds.get(&self.pieces[*piece].sent.category).copied()
        });
        let act = SignedDuration::from_secs(i64::from(acts.max().unwrap_or_default()));
        let early = self.chance.permille(EARLY_PERMILLE);
        let wait = if early {
            act - SignedDuration::from_secs(60)
        } else {
            act + self.chance.seconds(0, 90)
        };
        self.after(wait, Action::Wipe { table, early });
        Ok(())
    }

    pub(super) async fn wipe<F: Front>(
        &mut self,
        front: &mut F,
        table: usize,
        early: bool,
    ) -> Done {
        if early {
            self.treat(front, table, ScanKind::DisinfectStop, &["still-disinfecting"]).await?;
            self.after(SignedDuration::from_secs(75), Action::Wipe { table, early: false });
            return Ok(());
        }
        self.treat(front, table, ScanKind::DisinfectStop, &[]).await?;
        let Table { pieces, batch, sprayed, .. } = &mut self.tables[table];
        let pieces = std::mem::take(pieces);
        *batch += 1;
        *sprayed = false;
        for piece in pieces {
            let effort = self.chance.seconds(4, 9);
            let done = self.sorting.take(self.now, effort);
            self.queue.push(done, Action::Sort(piece));
        }
        Ok(())
    }

    /// One scan for a whole table: every piece on it takes it, or none.
    async fn treat<F: Front>(
        &mut self,
        front: &mut F,
        table: usize,
        kind: ScanKind,
        explained: &[&str],
    ) -> Done {
        let hand = self.disinfector();
        let container = Some(self.tables[table].container.clone());
        let facts = Facts { container, ..Facts::default() };
        let mut reply = self.scan(front, &hand, kind, facts, explained).await?;
        let on_it = u32::try_from(self.tables[table].pieces.len()).unwrap_or(u32::MAX);
        if reply.status == Status::Accepted && reply.pieces != Some((on_it, 0)) {
            let what = format!("{kind:?} of a table with {on_it} pieces took {:?}", reply.pieces);
            reply.status = Status::Refused;
            return self.explain(&what, &reply, &[]);
        }
        Ok(())
    }

    pub(super) async fn sort<F: Front>(&mut self, front: &mut F, piece: usize) -> Done {
        if self.pieces[piece].lies == Lies::Table {
            self.pieces[piece].lies = Lies::Desk;
        }
        if self.pieces[piece].lies != Lies::Desk {
            return Ok(());
        }
        if self.pieces[piece].door.is_none() || self.pieces[piece].is(Mark::Unusable) {
            self.set_apart(front, piece).await?;
            self.wake(piece);
            return Ok(());
        }
        if self.chance.permille(MISPLACED_PERMILLE) {
            self.misplace(front, piece).await?;
        }
        let hand = self.staff("shelf");
        let placed_in = self.grid_of(piece);
        let facts = Facts { placed_in, ..Facts::default() };
        let scan = (ScanKind::Sort, piece);
        let explained = ["parcel-recalled", DUPLICATE];
        let reply = self.scan_piece(front, &hand, scan, facts, &explained).await?;
        if reply.status != Status::Refused {
            self.pieces[piece].lies = Lies::Shelf;
        }
        Ok(())
    }

    /// A sorter who tries all the same is told why not.
    async fn set_apart<F: Front>(&mut self, front: &mut F, piece: usize) -> Done {
        if !self.chance.permille(200) {
            return Ok(());
        }
        let hand = self.staff("shelf");
        let explained = ["recipient-unknown", "parcel-unusable", "parcel-recalled"];
        let facts = Facts::default();
        self.scan_piece(front, &hand, (ScanKind::Sort, piece), facts, &explained).await?;
        Ok(())
    }

    async fn misplace<F: Front>(&mut self, front: &mut F, piece: usize) -> Done {
        let right = self.grid_of(piece);
        let wrong = self.people.grids.iter().find(|grid| Some(*grid) != right.as_ref()).cloned();
        if wrong.is_none() {
            return Ok(());
        }
        let hand = self.staff("shelf");
        let facts = Facts { placed_in: wrong, ..Facts::default() };
        let explained = ["wrong-grid", "parcel-recalled"];
        self.scan_piece(front, &hand, (ScanKind::Sort, piece), facts, &explained).await?;
        Ok(())
    }

    /// The grid of the door that a piece is for.
    pub(super) fn grid_of(&self, piece: usize) -> Option<GridId> {
        let door = self.pieces[piece].door.as_ref()?;
        self.place.grid_of(&door.building).cloned()
    }

    /// Thinks of what the desk has to do about a piece that cannot go on by itself.
    pub(super) fn wake(&mut self, piece: usize) {
        let here = &self.pieces[piece];
        if !matches!(here.lies, Lies::Desk | Lies::Shelf)
            || here.is(Mark::Missing)
            || here.is(Mark::Recalled)
        {
            return;
        }
        if here.give_back.is_some() {
            let wait = self.chance.seconds(300, 3_600);
            return self.after(wait, Action::GiveBack(piece));
        }
        if here.lies == Lies::Desk {
            let wait = self.chance.seconds(300, 4_500);
            self.after(wait, Action::Identify(piece));
        }
    }

    /// The desk asks in the chat group, calls the phone on the label, knocks at doors.
    pub(super) async fn identify<F: Front>(&mut self, front: &mut F, piece: usize) -> Done {
        let here = self.pieces[piece].clone();
        if !matches!(here.lies, Lies::Desk | Lies::Shelf) || here.give_back.is_some() {
            return Ok(());
        }
        let Some(household) = here.sent.household else {
            if self.chance.permille(600) {
                self.pieces[piece].give_back = Some(RefusalReason::NotOurs);
                return self.give_back(front, piece).await;
            }
            return Ok(());
        };
        if !self.chance.permille(CLEARED_UP_PERMILLE) {
            // Asked again later, but not late in the evening.
            if self.place.local(self.now) < time(19, 0, 0, 0) {
                let wait = self.chance.seconds(1_800, 5_400);
                self.after(wait, Action::Identify(piece));
            }
            return Ok(());
        }
        let household = &self.people.households[household];
        let (id, door) = (household.id, household.doors.first().cloned());
        let desk = self.desk();
        let facts = Facts { household: Some(id), door, ..Facts::default() };
        let reply =
            self.scan_piece(front, &desk, (ScanKind::Identify, piece), facts, &[DUPLICATE]).await?;
        self.pieces[piece].door = reply.door;
        self.pieces[piece].lies = Lies::Desk;
        let effort = self.chance.seconds(20, 120);
        self.after(effort, Action::Sort(piece));
        Ok(())
    }

    /// Its carrier takes a piece back.
    pub(super) async fn give_back<F: Front>(&mut self, front: &mut F, piece: usize) -> Done {
        let here = &self.pieces[piece];
        let at_gate = matches!(here.lies, Lies::Desk | Lies::Shelf);
        let Some(reason) = here.give_back.filter(|_| at_gate && here.trip.is_none()) else {
            return Ok(());
        };
        let desk = self.desk();
        let facts = Facts { refusal: Some(reason), ..Facts::default() };
        self.scan_piece(front, &desk, (ScanKind::Refuse, piece), facts, &[]).await?;
        self.pieces[piece].lies = Lies::Carrier;
        Ok(())
    }
}
