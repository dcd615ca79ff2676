//! A source is called back while some of its pieces are still at the gate.

use domain::ids::RecallId;
use domain::supply::Category;

use super::queue::Action;
use super::world::{Lies, Mark};
use super::{Days, Done};
use crate::front::{Facts, Front, ScanKind};

/// The most pieces that one recall meets here.
const PIECES_MAX: usize = 4;
/// Of a thousand recalled pieces so many may go on the same day (assumption).
const LIFTED_PERMILLE: u32 = 500;

impl Days {
    /// The desk sets the pieces of a source apart.
    pub(super) async fn recall<F: Front>(&mut self, front: &mut F) -> Done {
        let here = |piece: &usize| {
            let piece = &self.pieces[*piece];
            let at_gate = matches!(piece.lies, Lies::Desk | Lies::Shelf);
            // One that lies here since an earlier recall is set apart already.
            let is_new = !piece.is(Mark::Recalled);
            at_gate && is_new && piece.sent.category == Category::ParcelGoods
        };
        let pieces: Vec<_> = (0..self.pieces.len()).filter(here).take(PIECES_MAX).collect();
        let desk = self.desk();
        for piece in pieces {
            let facts = Facts { recall: self.recall_name(), ..Facts::default() };
            self.scan_piece(front, &desk, (ScanKind::Recall, piece), facts, &[]).await?;
            self.pieces[piece].mark(Mark::Recalled, true);
            if self.chance.permille(LIFTED_PERMILLE) {
                let wait = self.chance.seconds(1_800, 7_200);
                self.after(wait, Action::LiftRecall(piece));
            }
        }
        Ok(())
    }

    /// The test was good: the piece may go on.
    pub(super) async fn lift_recall<F: Front>(&mut self, front: &mut F, piece: usize) -> Done {
        if !matches!(self.pieces[piece].lies, Lies::Desk | Lies::Shelf) {
            return Ok(());
        }
        let desk = self.desk();
        let facts = Facts { recall: self.recall_name(), ..Facts::default() };
        self.scan_piece(front, &desk, (ScanKind::LiftRecall, piece), facts, &[]).await?;
        self.pieces[piece].mark(Mark::Recalled, false);
        let effort = self.chance.seconds(30, 300);
        self.after(effort, Action::Sort(piece));
        Ok(())
    }

    fn recall_name(&self) -> Option<RecallId> {
        format!("{}", self.date).parse().ok()
    }
}
