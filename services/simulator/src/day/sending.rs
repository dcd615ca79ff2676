//! How people speak to the engine: with scanners that bounce, phones that send twice, and a memory
//! for what they were told the first time.

use std::collections::BTreeMap;

use domain::ids::{ActorId, ContainerId, DeviceId};
use domain::volunteer::event::Role;
use jiff::{SignedDuration, Timestamp};

use super::Days;
use super::world::Piece;
use crate::front::{
    Asked, Command, Facts, Front, FrontError, Reply, Scan, ScanKind, Sender, Status,
};
use crate::people::Volunteer;

/// Of a thousand scans so many are sent again with the same id (assumption).
const RESENT_PERMILLE: u32 = 30;
/// Of a thousand scans so many are made twice, each with an id of its own (assumption).
const BOUNCED_PERMILLE: u32 = 25;
/// Of a thousand scans so many are of our own label, where there is one (assumption).
const LABEL_PERMILLE: u32 = 600;
/// The code of a scan whose label is shared by accident.
const AMBIGUOUS: &str = "code-ambiguous";
/// The carrier of pieces that came without a number.
const OWN_CARRIER: &str = "own";
/// Stands for "it was so already" among what a caller can explain.
pub(super) const DUPLICATE: &str = "duplicate";

/// What nobody in the story can explain.
#[derive(Debug, thiserror::Error)]
pub enum Mishap {
    /// The engine gave no usable answer.
    #[error(transparent)]
    Front(#[from] FrontError),
    /// The engine answered something that does not fit the world.
    #[error("{what}: answered `{code}`, {sentence}")]
    Surprise {
        /// What was sent.
        what: String,
        /// The problem's code, or the status.
        code: String,
        /// What it says.
        sentence: String,
    },
    /// The same scan was answered differently the second time (rule 5).
    #[error("{what}: first {first:?}, then {again:?}")]
    NotTheSame {
        /// What was sent.
        what: String,
        /// The first answer.
        first: Box<Reply>,
        /// The second answer.
        again: Box<Reply>,
    },
    /// It is nearly midnight and work is still left.
    #[error("the day does not end: {left} things are still to be done")]
    NeverCloses {
        /// How many.
        left: usize,
    },
}

/// What was done, counted by those who did it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Scans and commands, repetitions left out.
    pub sent: u64,
    /// Scans that were sent again with the same id and got the same answer.
    pub resent: u64,
    /// Scans that were made twice and answered as duplicates with the first cue.
    pub bounced: u64,
    /// Scans and commands that were refused, as the story expected.
    pub refused: u64,
    /// Scans that came too early in an offline phone's order, and were taken later.
    pub deferred: u64,
    /// Scans whose time was corrected because the device's clock was wrong.
    pub clock_corrected: u64,
    /// Pieces that were scanned in at the gate, each counted once.
    pub unloaded: u64,
    /// Deliveries for which an hour at the gate was booked, as the people there know them.
    pub gate: Bookings,
    /// Breaks that couriers said and did not take back.
    pub breaks: u64,
}

/// Booked deliveries by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bookings {
    /// An hour was booked.
    pub booked: u64,
    /// Came to the gate.
    pub came: u64,
    /// Did not come.
    pub did_not_come: u64,
    /// Were called off.
    pub called_off: u64,
}

impl Bookings {
    /// Whether every one of them has come to an end.
    pub fn balances(&self) -> bool {
        self.booked == self.came + self.did_not_come + self.called_off
    }
}

/// Somebody with a device.
#[derive(Debug, Clone)]
pub(crate) struct Hand {
    pub actor: ActorId,
    pub device: Option<DeviceId>,
    clock_ahead: SignedDuration,
    /// The device numbers its scans.
    numbered: bool,
}

impl Hand {
    /// What the device's clock shows.
    pub fn clock(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.clock_ahead).unwrap_or(now)
    }
}

/// How far the devices that number their scans have counted.
#[derive(Debug, Default)]
pub(super) struct Counters {
    last: BTreeMap<DeviceId, u64>,
}

impl Days {
    /// The coordinator on duty.
    pub(super) fn desk(&self) -> Hand {
        self.on_duty(Role::Coordinator, 0, "desk")
    }

    /// One of the people at the gate or the shelves.
    pub(super) fn staff(&mut self, place: &str) -> Hand {
        let index = self.chance.index(4);
        self.on_duty(Role::Sorter, index, &format!("{place}-{}", index + 1))
    }

    /// The people who put the agent on the tables.
    pub(super) fn disinfector(&self) -> Hand {
        self.on_duty(Role::Disinfector, 0, "spray-1")
    }

    /// A courier with the own phone.
    pub(super) fn courier(&self, volunteer: usize) -> Hand {
        let volunteer = &self.people.volunteers[volunteer];
        Hand {
            actor: volunteer.actor.clone(),
            device: Some(volunteer.phone.clone()),
            clock_ahead: SignedDuration::from_secs(volunteer.clock_ahead_seconds),
            numbered: volunteer.offline,
        }
    }

    fn on_duty(&self, role: Role, index: usize, device: &str) -> Hand {
        let of_role: Vec<_> = self.people.of_role(role).map(|(_, one)| one).collect();
        let anybody = self.people.volunteers.first();
        let one = of_role.get(index % of_role.len().max(1)).copied().or(anybody);
        let actor = one.map(|one| one.actor.clone());
        Hand {
            // A community without volunteers still has somebody at its gate.
            actor: actor.unwrap_or_else(|| self.people.volunteers[0].actor.clone()),
            device: device.parse().ok(),
            clock_ahead: SignedDuration::ZERO,
            numbered: false,
        }
    }

    /// Asks something of the engine. `explained` are the codes that the story can explain.
    pub(super) async fn ask<F: Front>(
        &mut self,
        front: &mut F,
        hand: &Hand,
        command: Command,
        explained: &[&str],
    ) -> Result<Reply, Mishap> {
        let asked = Asked { command_id: self.chance.command_id(self.now), command };
        let sender = self.sender(hand);
        let reply = front.ask(&sender, &asked).await?;
        self.tally.sent += 1;
        self.explain(&format!("{:?}", asked.command), &reply, explained)?;
        Ok(reply)
    }

    /// Scans something, and perhaps once more.
    pub(super) async fn scan<F: Front>(
        &mut self,
        front: &mut F,
        hand: &Hand,
        kind: ScanKind,
        facts: Facts,
        explained: &[&str],
    ) -> Result<Reply, Mishap> {
        if hand.numbered {
            let phone = |one: &Volunteer| hand.device.as_ref() == Some(&one.phone);
            if let Some(courier) = self.people.volunteers.iter().position(phone) {
                self.send_kept(front, courier).await?;
            }
        }
        let scan = self.make(hand, kind, facts);
        self.say(front, hand, &scan, explained).await
    }

    /// Sends a scan that was made, and perhaps once more.
    pub(super) async fn say<F: Front>(
        &mut self,
        front: &mut F,
        hand: &Hand,
        scan: &Scan,
        explained: &[&str],
    ) -> Result<Reply, Mishap> {
        let sender = self.sender(hand);
        let reply = self.send(front, &sender, scan).await?;
        self.tally.sent += 1;
        self.explain(&what(scan), &reply, explained)?;
        if self.chance.permille(RESENT_PERMILLE) {
            let again = self.send(front, &sender, scan).await?;
            the_same(scan, &reply, again)?;
            self.tally.resent += 1;
        } else if bounces(scan, &reply) && self.chance.permille(BOUNCED_PERMILLE) {
            let second = self.make(hand, scan.kind, scan.facts.clone());
            let again = self.send(front, &sender, &second).await?;
            let expected = Reply { status: Status::Duplicate, ..reply.clone() };
            the_same(scan, &expected, again)?;
            self.tally.bounced += 1;
        }
        Ok(reply)
    }

    /// Scans a piece: by our label, or by its waybill where the label is not enough.
    pub(super) async fn scan_piece<F: Front>(
        &mut self,
        front: &mut F,
        hand: &Hand,
        (kind, piece): (ScanKind, usize),
        facts: Facts,
        explained: &[&str],
    ) -> Result<Reply, Mishap> {
        let label = self.pieces[piece].label.clone();
        if let Some(label) = label.filter(|_| self.chance.permille(LABEL_PERMILLE)) {
            let named = Facts { code: Some(label), ..facts.clone() };
            let may_be: Vec<_> = explained.iter().copied().chain([AMBIGUOUS]).collect();
            let reply = self.scan(front, hand, kind, named, &may_be).await?;
            if reply.code() != AMBIGUOUS {
                return Ok(reply);
            }
        }
        let named = self.named(piece, facts);
        self.scan(front, hand, kind, named, explained).await
    }

    /// The facts with the waybill of a piece.
    pub(super) fn named(&self, piece: usize, facts: Facts) -> Facts {
        let waybill = self.waybill_of(piece);
        Facts { code: waybill.code, carrier: waybill.carrier, piece: waybill.piece, ..facts }
    }

    /// The waybill of a piece as it is scanned.
    pub(super) fn waybill_of(&self, piece: usize) -> Facts {
        let Piece { sent, own_number, .. } = &self.pieces[piece];
        let printed = sent.waybill.clone();
        let own = || Some((OWN_CARRIER.parse().ok()?, own_number.clone()?));
        let (carrier, code) = printed.or_else(own).unzip();
        Facts { code, carrier, piece: Some(sent.part), ..Facts::default() }
    }

    /// A scan of a device at this moment.
    pub(super) fn make(&mut self, hand: &Hand, kind: ScanKind, facts: Facts) -> Scan {
        let sequence = hand.device.as_ref().filter(|_| hand.numbered).map(|device| {
            let last = self.counters.last.entry(device.clone()).or_default();
            *last += 1;
            *last
        });
        let command_id = self.chance.command_id(self.now);
        Scan { command_id, sequence, kind, occurred_at: hand.clock(self.now), facts }
    }

    /// Sends one scan and counts what was corrected.
    async fn send<F: Front>(
        &mut self,
        front: &mut F,
        sender: &Sender,
        scan: &Scan,
    ) -> Result<Reply, Mishap> {
        let mut replies = front.scan(sender, std::slice::from_ref(scan)).await?;
        let reply = replies.pop().filter(|_| replies.is_empty());
        let reply = reply.ok_or_else(|| Mishap::Surprise {
            what: what(scan),
            code: "replies".to_owned(),
            sentence: "one scan did not get one reply".to_owned(),
        })?;
        if reply.clock_corrected {
            self.tally.clock_corrected += 1;
        }
        Ok(reply)
    }

    /// Takes an answer that the story can explain, and no other.
    pub(super) fn explain(
        &mut self,
        what: &str,
        reply: &Reply,
        explained: &[&str],
    ) -> Result<(), Mishap> {
        let code = match reply.status {
            Status::Accepted | Status::Held => return Ok(()),
            Status::Duplicate => DUPLICATE,
            Status::Refused | Status::Deferred => reply.code(),
        };
        if explained.contains(&code) {
            self.tally.refused += u64::from(reply.status == Status::Refused);
            return Ok(());
        }
        let sentence = reply.problem.as_ref().map(|trouble| trouble.sentence.clone());
        Err(Mishap::Surprise {
            what: what.to_owned(),
            code: code.to_owned(),
            sentence: sentence.unwrap_or_default(),
        })
    }
}

/// What was sent, for a message.
pub(super) fn what(scan: &Scan) -> String {
    let facts = &scan.facts;
    let code = facts.code.as_deref().or(facts.container.as_ref().map(ContainerId::as_str));
    format!("{:?} of {} ({})", scan.kind, code.unwrap_or("a run"), scan.command_id)
}

/// Whether a second scan of the same thing changes nothing and is told so.
fn bounces(scan: &Scan, reply: &Reply) -> bool {
    // A piece without a number is a new one each time, and a wiped table is empty.
    let names_a_piece = scan.facts.code.is_some();
    names_a_piece && matches!(reply.status, Status::Accepted | Status::Held)
}

/// Demands that the second answer says what the first one said.
pub(super) fn the_same(scan: &Scan, first: &Reply, again: Reply) -> Result<(), Mishap> {
    if *first == again {
        return Ok(());
    }
    let (first, again) = (Box::new(first.clone()), Box::new(again));
    Err(Mishap::NotTheSame { what: what(scan), first, again })
}
