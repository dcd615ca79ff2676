//! The evening's close: nothing stays without a reason and an owner, and food does not stay.

use domain::order::event::OrderCancelReason;
use domain::parcel::event::{DeliveryLevel, DisposalReason, Receiver};
use jiff::SignedDuration;
use jiff::civil::time;

use super::queue::Action;
use super::world::{Lies, Mark};
use super::{Days, Done, Mishap};
use crate::front::{Command, Facts, Front, ScanKind};

/// Of a thousand missing pieces so many turn up when everybody looks for them (assumption).
const TURN_UP_PERMILLE: u32 = 750;
/// Of a thousand meals and bags that are still there so many are fetched (assumption).
const FETCHED_PERMILLE: u32 = 800;

impl Days {
    /// Closes the day, as soon as everybody is back.
    pub(super) async fn evening<F: Front>(&mut self, front: &mut F) -> Done {
        if !self.queue.is_empty() {
            let left = self.queue.len();
            if self.place.local(self.now) > time(23, 30, 0, 0) {
                return Err(Mishap::NeverCloses { left });
            }
            self.after(SignedDuration::from_mins(5), Action::Evening);
            return Ok(());
        }
        for piece in 0..self.pieces.len() {
            if matches!(self.pieces[piece].lies, Lies::Desk | Lies::Shelf) {
                self.close_piece(front, piece).await?;
            }
        }
        self.close_orders(front).await?;
        // Whoever closes the day answers for what stays; the engine says of each piece why.
        let desk = self.desk();
        self.ask(front, &desk, Command::CloseDay, &[]).await?;
        for piece in &mut self.pieces {
            piece.attempts = 0;
        }
        Ok(())
    }

    async fn close_piece<F: Front>(&mut self, front: &mut F, piece: usize) -> Done {
        let desk = self.desk();
        if self.pieces[piece].is(Mark::Missing) && self.chance.permille(TURN_UP_PERMILLE) {
            let facts = Facts::default();
            self.scan_piece(front, &desk, (ScanKind::Found, piece), facts, &[]).await?;
            self.pieces[piece].mark(Mark::Missing, false);
        }
        let here = &self.pieces[piece];
        let perishable = here.sent.category.is_perishable();
        let sound = here.can_go();
        if perishable && sound && self.chance.permille(FETCHED_PERMILLE) {
            return self.fetch(front, piece).await;
        }
        let here = &self.pieces[piece];
        let disposal = if here.is(Mark::Missing) {
            DisposalReason::Lost
        } else if here.is(Mark::Unusable) {
            DisposalReason::Damaged
        } else if here.lies == Lies::Desk {
            DisposalReason::Unclaimed
        } else {
            DisposalReason::Spoiled
        };
        if perishable || here.is(Mark::Unusable) {
            let facts = Facts { disposal: Some(disposal), ..Facts::default() };
            self.scan_piece(front, &desk, (ScanKind::Dispose, piece), facts, &[]).await?;
            self.pieces[piece].lies = Lies::Bin;
            self.pieces[piece].mark(Mark::Missing, false);
            return Ok(());
        }
        Ok(())
    }

    /// A neighbour who passes by takes it up.
    async fn fetch<F: Front>(&mut self, front: &mut F, piece: usize) -> Done {
        let desk = self.desk();
        let facts = Facts {
            level: Some(DeliveryLevel::Pickup),
            received_by: Some(Receiver::Neighbour),
            ..Facts::default()
        };
        self.scan_piece(front, &desk, (ScanKind::HandOff, piece), facts, &[]).await?;
        self.pieces[piece].lies = Lies::Home;
        Ok(())
    }

    /// An order whose piece never came is called off.
    async fn close_orders<F: Front>(&mut self, front: &mut F) -> Done {
        let (desk, date) = (self.desk(), self.date);
        let open = self.orders.iter().filter(|order| order.date == date);
        let never_came = open.filter(|order| self.pieces[order.piece].lies == Lies::Outside);
        let orders: Vec<_> = never_came.map(|order| order.id).collect();
        for order in orders {
            let reason = OrderCancelReason::NotDeliverable;
            self.ask(front, &desk, Command::CancelOrder { order, reason }, &[]).await?;
        }
        Ok(())
    }
}
