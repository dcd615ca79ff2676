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
        let hand = self.courier(courier);
        let sender = self.sender(&hand);
        // A phone has one list of what it kept, whichever trip of its courier it was on.
        let trips: Vec<_> = (0..self.trips.len())
            .filter(|other| self.trips[*other].courier == Some(courier))
            .collect();
        let mut kept: Vec<_> =
            trips.iter().flat_map(|trip| self.trips[*trip].kept.iter().cloned()).collect();
        kept.sort_by_key(|(_, scan)| scan.sequence);
        if kept.is_empty() {
            self.after(SignedDuration::from_secs(60), Action::Back(trip));
            return Ok(());
        }
        let scans: Vec<Scan> = kept.iter().map(|(_, scan)| scan.clone()).collect();
        if round == 0 && scans.len() > 1 {
            let late = &scans[scans.len() / 2..];
            self.send_too_early(front, &sender, late).await?;
            self.after(SignedDuration::from_secs(20), Action::Upload { trip, round: 1 });
            return Ok(());
        }
        let first = front.scan(&sender, &scans).await?;
        let again = front.scan(&sender, &scans).await?;
        for ((scan, first), again) in scans.iter().zip(&first).zip(again) {
            the_same(scan, first, again)?;
            self.tally.resent += 1;
        }
        for trip in trips {
            self.trips[trip].kept.clear();
        }
        for ((_, scan), reply) in kept.iter().zip(&first) {
            self.tally.sent += 1;
            self.heard_late(scan, reply)?;
        }
        self.after(SignedDuration::from_secs(60), Action::Back(trip));
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
