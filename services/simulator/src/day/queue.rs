//! What people are about to do, in the order of its time.

use std::collections::BTreeMap;

use domain::ids::ZoneId;
use jiff::Timestamp;

/// One thing that somebody is about to do. Numbers are places in the day's lists.
#[derive(Debug)]
pub(super) enum Action {
    /// An order is placed in the chat group or by phone.
    Order(usize),
    /// The shop announces an ordered piece.
    Announce(usize),
    /// A van unloads.
    Unload { visit: Option<usize>, pieces: Vec<usize> },
    /// An hour at the gate is booked for a van; or the next one, if that is full.
    Book { visit: usize, hour: usize, tries: u8 },
    /// A van shall come an hour later than booked.
    Postpone(usize),
    /// A delivery is called off.
    CallOff(usize),
    /// Somebody at the gate looks who of the last hour has not come.
    LookFor(usize),
    /// A courier says when to rest today.
    SayBreak { courier: usize, from: Timestamp, until: Timestamp },
    /// A courier does not rest after all.
    WorkOn(usize),
    /// A piece is scanned in at the gate.
    ScanIn(usize),
    /// The agent is put on a table, if it still holds that batch.
    Spray { table: usize, batch: u32 },
    /// Somebody thinks that the act time of a table has run.
    Wipe { table: usize, early: bool },
    /// A piece is put on its shelf.
    Sort(usize),
    /// The desk tries to find out for whom a piece is.
    Identify(usize),
    /// A piece is given back to its carrier.
    GiveBack(usize),
    /// The coordinator asks for a plan.
    Plan,
    /// A volunteer answers an offer.
    Answer { trip: usize, courier: usize },
    /// A courier takes the next piece.
    Load { trip: usize, index: usize },
    /// A courier leaves.
    Depart(usize),
    /// A courier stands at the next door.
    Door { trip: usize, index: usize },
    /// A courier is back at the gate.
    Back(usize),
    /// A phone has a signal again.
    Upload { trip: usize, round: u32 },
    /// A trip is closed.
    Finish(usize),
    /// A household says that its piece never came.
    Claim(usize),
    /// The desk settles a dispute.
    Settle(usize),
    /// A disputed piece turns up at another door.
    FoundElsewhere { trip: usize, piece: usize },
    /// A source is called back: some of what it sent is still here.
    Recall,
    /// A recalled piece may go on after all.
    LiftRecall(usize),
    /// A zone is called to the test point.
    Test(ZoneId),
    /// The evening's close.
    Evening,
}

/// The things to do, earliest first; at the same moment in the order in which they were thought of.
#[derive(Debug, Default)]
pub(super) struct Queue {
    actions: BTreeMap<(Timestamp, u64), Action>,
    count: u64,
}

impl Queue {
    /// Adds one.
    pub fn push(&mut self, at: Timestamp, action: Action) {
        self.count += 1;
        self.actions.insert((at, self.count), action);
    }

    /// Takes the next one.
    pub fn pop(&mut self) -> Option<(Timestamp, Action)> {
        self.actions.pop_first().map(|((at, _), action)| (at, action))
    }

    /// When the next one is due.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.actions.keys().next().map(|(at, _)| *at)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.actions.len()
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }
}
