//! A phone without a signal on the stairs: it keeps its numbered scans, and sends them late, the
//! second half first, and everything twice.

use jiff::SignedDuration;

use super::queue::Action;
use super::sending::{the_same, what};
use super::{Days, Done};
use crate::front::{Front, Reply, Scan, Sender, Status};

impl Days {
    /// The phone finds its signal again: first it sends what it kept last, then everything in
    /// order, then everything once more because it heard no answer.
    pub(super) async fn upload<F: Front>(
        &mut self,
        front: &mut F,
        trip: usize,
        round: u32,
    ) -> Done {
        let Some(courier) = self.trips[trip].courier else { return Ok(()) };
        let scans = self.kept_by(courier);
        if round == 0 && scans.len() > 1 {
            let sender = self.sender(&self.courier(courier));
            let late = &scans[scans.len() / 2..];
            self.send_too_early(front, &sender, late).await?;
            self.after(SignedDuration::from_secs(20), Action::Upload { trip, round: 1 });
            return Ok(());
        }
        self.send_kept(front, courier).await?;
        self.after(SignedDuration::from_secs(60), Action::Back(trip));
        Ok(())
    }

    /// What a phone has kept, in its order: one list, whichever trip of its courier it was on.
    fn kept_by(&self, courier: usize) -> Vec<Scan> {
        let trips = self.trips.iter().filter(|trip| trip.courier == Some(courier));
        let mut scans: Vec<_> = trips.flat_map(|trip| trip.kept.iter().cloned()).collect();
        scans.sort_by_key(|scan| scan.sequence);
        scans
    }

    /// A phone sends what it kept, everything twice, before it sends anything newer.
    pub(super) async fn send_kept<F: Front>(&mut self, front: &mut F, courier: usize) -> Done {
        let scans = self.kept_by(courier);
        if scans.is_empty() {
            return Ok(());
        }
        let sender = self.sender(&self.courier(courier));
        let first = front.scan(&sender, &scans).await?;
        let again = front.scan(&sender, &scans).await?;
        for ((scan, first), again) in scans.iter().zip(&first).zip(again) {
            the_same(scan, first, again)?;
            self.tally.resent += 1;
        }
        for trip in self.trips.iter_mut().filter(|trip| trip.courier == Some(courier)) {
            trip.kept.clear();
        }
        for (scan, reply) in scans.iter().zip(&first) {
            self.tally.sent += 1;
            self.heard_late(scan, reply)?;
        }
        Ok(())
    }

    /// What comes before its turn is asked to wait, and nothing of it is stored.
    async fn send_too_early<F: Front>(
        &mut self,
        front: &mut F,
        sender: &Sender,
        scans: &[Scan],
    ) -> Done {
        let replies = front.scan(sender, scans).await?;
        for (scan, reply) in scans.iter().zip(&replies) {
            self.explain(&what(scan), reply, &["sequence-gap"])?;
            self.tally.deferred += u64::from(reply.status == Status::Deferred);
        }
        Ok(())
    }

    /// The answer to a scan that happened a while ago. A zone that has closed since then does not
    /// undo what happened: the engine takes it with a mark.
    fn heard_late(&mut self, scan: &Scan, reply: &Reply) -> Done {
        self.explain(&what(scan), reply, &["wrong-door"])?;
        self.tally.clock_corrected += u64::from(reply.clock_corrected);
        Ok(())
    }
}
