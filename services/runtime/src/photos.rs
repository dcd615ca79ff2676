//! Pictures of pieces, beside the log and never in it: sealed with the key of the household, or of
//! the piece while nobody knows for whom it is, and thrown away after their time.
//!
//! An event holds a picture's hash. Whoever erases a household makes its pictures unreadable at
//! once, wherever they have been copied (`vault.rs`).

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::ids::{CommunityId, ParcelId};
use domain::parcel::event::PhotoHash;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, ErrorCode, OptionalExtension};

use crate::vault::{Subject, Vault, VaultError};

/// The most bytes of one picture: 1280 pixels of a label take a third of it.
pub const PHOTO_BYTES_MAX: usize = 600_000;
/// How long a picture is kept: as long as somebody may still ask where a piece went.
pub const PHOTO_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The most bytes of all pictures together: a month of a big community, on a small disk.
pub const PHOTOS_BYTES_MAX: u64 = 20_000_000_000;
/// How long another process may keep the file.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// The pictures could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum PhotosError {
    /// The disk is full, or as many pictures are kept as may be.
    #[error("there is no room for another picture")]
    Full,
    /// The file failed.
    #[error("the file of pictures failed")]
    Database(#[source] rusqlite::Error),
    /// The vault could not do its work.
    #[error("the picture cannot be sealed or opened")]
    Vault(#[from] VaultError),
}

impl From<rusqlite::Error> for PhotosError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            _ => Self::Database(error),
        }
    }
}

/// The pictures.
pub struct Photos {
    connection: Mutex<Connection>,
    bytes_max: u64,
}

/// Which picture.
#[derive(Debug, Clone, Copy)]
pub struct PhotoOf<'a> {
    /// The community.
    pub community: &'a CommunityId,
    /// The piece.
    pub parcel: ParcelId,
    /// The picture.
    pub photo: PhotoHash,
}

impl Photos {
    /// Opens or makes the file.
    ///
    /// # Errors
    /// [`PhotosError`] when it cannot be used.
    pub fn open(path: &Path) -> Result<Self, PhotosError> {
        Self::prepare(Connection::open(path)?, PHOTOS_BYTES_MAX)
    }

    /// Pictures that live as long as the process, `bytes_max` of them at most.
    ///
    /// # Errors
    /// [`PhotosError`] when SQLite cannot be used at all.
    pub fn in_memory(bytes_max: u64) -> Result<Self, PhotosError> {
        Self::prepare(Connection::open_in_memory()?, bytes_max)
    }

    /// Copies the file to a new one, also while it is in use.
    ///
    /// # Errors
    /// [`PhotosError`] when one of them cannot be used, or the new one exists.
    pub fn copy(from: &Path, to: &Path) -> Result<(), PhotosError> {
        let connection = Connection::open(from)?;
        connection.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
        Ok(())
    }

    fn prepare(connection: Connection, bytes_max: u64) -> Result<Self, PhotosError> {
        connection.busy_timeout(BUSY_MAX)?;
        connection.execute_batch(
            "PRAGMA journal_mode = DELETE;
             PRAGMA synchronous = FULL;
             CREATE TABLE IF NOT EXISTS photos (
                 community TEXT NOT NULL,
                 parcel TEXT NOT NULL,
                 photo TEXT NOT NULL,
                 household TEXT, -- whose key it is sealed with; NULL: the piece's own
                 kept_at INTEGER NOT NULL, -- seconds
                 sealed BLOB NOT NULL,
                 PRIMARY KEY (community, parcel, photo)
             );
             CREATE INDEX IF NOT EXISTS photos_by_age ON photos (kept_at);",
        )?;
        Ok(Self { connection: Mutex::new(connection), bytes_max })
    }

    /// Seals a picture and keeps it, durably. Keeping it again changes nothing.
    ///
    /// # Errors
    /// [`PhotosError`]; nothing is kept then.
    pub fn keep(
        &self,
        vault: &Vault,
        of: PhotoOf<'_>,
        subject: &Subject,
        picture: &[u8],
        at: Timestamp,
    ) -> Result<(), PhotosError> {
        let sealed = vault.seal_bytes(subject, picture)?;
        let household = match subject {
            Subject::Household(_, household) => Some(household.to_string()),
            Subject::Parcel(..) | Subject::Volunteer(..) | Subject::Community(_) => None,
        };
        let connection = self.lock();
        let used: i64 = connection.query_row(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
            [],
            |row| row.get(0),
        )?;
        let free: i64 = connection.query_row(
            "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size",
            [],
            |row| row.get(0),
        )?;
        let used = u64::try_from(used.saturating_sub(free)).unwrap_or(0);
        if used.saturating_add(sealed.len() as u64) > self.bytes_max {
            return Err(PhotosError::Full);
        }
        connection.execute(
            "INSERT INTO photos (community, parcel, photo, household, kept_at, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            (
                of.community.as_str(),
                of.parcel.to_string(),
                of.photo.to_string(),
                household,
                at.as_second(),
                sealed,
            ),
        )?;
        Ok(())
    }

    /// A picture as it was taken; `None` when its time is over, its household was erased, or it
    /// never lay here.
    ///
    /// # Errors
    /// [`PhotosError`].
    pub fn read(&self, vault: &Vault, of: PhotoOf<'_>) -> Result<Option<Vec<u8>>, PhotosError> {
        let found: Option<(Option<String>, Vec<u8>)> = self
            .lock()
            .query_row(
                "SELECT household, sealed FROM photos
                 WHERE community = ?1 AND parcel = ?2 AND photo = ?3",
                (of.community.as_str(), of.parcel.to_string(), of.photo.to_string()),
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let Some((household, sealed)) = found else { return Ok(None) };
        let subject = match household.map(|id| id.parse()) {
            Some(Ok(household)) => Subject::Household(of.community.clone(), household),
            Some(Err(_)) => return Err(VaultError::Unreadable.into()),
            None => Subject::Parcel(of.community.clone(), of.parcel),
        };
        Ok(vault.open_bytes(&subject, &sealed)?)
    }

    /// Throws away what has been kept for [`PHOTO_KEPT`]; says how many pictures that were.
    ///
    /// # Errors
    /// [`PhotosError`].
    pub fn forget(&self, now: Timestamp) -> Result<usize, PhotosError> {
        let before = now.as_second().saturating_sub(PHOTO_KEPT.as_secs());
        Ok(self.lock().execute("DELETE FROM photos WHERE kept_at < ?1", [before])?)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // Nothing panics while the lock is held, and every statement stands alone.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::HouseholdId;
    use uuid::Uuid;

    use super::*;

    const ROOM: u64 = 10_000_000;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn of(community: &CommunityId, photo: u8) -> PhotoOf<'_> {
        let (parcel, photo) = (ParcelId(Uuid::from_u128(1)), PhotoHash::from_bytes([photo; 32]));
        PhotoOf { community, parcel, photo }
    }

    #[test]
    fn a_picture_is_read_until_its_household_is_erased() {
        let (vault, photos) = (Vault::in_memory().unwrap(), Photos::in_memory(ROOM).unwrap());
        let community: CommunityId = "fumin".parse().unwrap();
        let household = Subject::Household(community.clone(), HouseholdId(Uuid::from_u128(9)));
        let parcel = Subject::Parcel(community.clone(), ParcelId(Uuid::from_u128(1)));
        let now = at("2022-11-10T09:00:00Z");
        photos.keep(&vault, of(&community, 1), &household, b"one", now).unwrap();
        photos.keep(&vault, of(&community, 2), &parcel, b"two", now).unwrap();
        let read = |photo| photos.read(&vault, of(&community, photo)).unwrap();
        assert_eq!(read(1).as_deref(), Some(&b"one"[..]));
        assert_eq!(read(3), None);
        vault.erase(&household).unwrap();
        assert_eq!(read(1), None);
        assert_eq!(read(2).as_deref(), Some(&b"two"[..]));
    }

    #[test]
    fn a_picture_lies_sealed_and_is_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("photos.db");
        let (vault, community) = (Vault::in_memory().unwrap(), "fumin".parse().unwrap());
        let subject = Subject::Parcel(CommunityId::clone(&community), ParcelId(Uuid::nil()));
        let picture = b"a picture with a door number on it";
        let now = at("2022-11-10T09:00:00Z");
        for _ in 0..2 {
            let photos = Photos::open(&path).unwrap();
            photos.keep(&vault, of(&community, 1), &subject, picture, now).unwrap();
        }
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(picture.len()).any(|window| window == picture));
        let photos = Photos::open(&path).unwrap();
        let count: i64 =
            photos.lock().query_row("SELECT count(*) FROM photos", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 1);
    }

    #[test]
    fn a_picture_is_thrown_away_after_its_time() {
        let (vault, photos) = (Vault::in_memory().unwrap(), Photos::in_memory(ROOM).unwrap());
        let community: CommunityId = "fumin".parse().unwrap();
        let subject = Subject::Parcel(community.clone(), ParcelId(Uuid::from_u128(1)));
        let taken = at("2022-11-10T09:00:00Z");
        photos.keep(&vault, of(&community, 1), &subject, b"old", taken).unwrap();
        assert_eq!(photos.forget(taken + PHOTO_KEPT).unwrap(), 0);
        let over = taken + PHOTO_KEPT + SignedDuration::from_secs(1);
        assert_eq!(photos.forget(over).unwrap(), 1);
        assert_eq!(photos.read(&vault, of(&community, 1)).unwrap(), None);
    }

    #[test]
    fn when_there_is_no_room_nothing_is_kept() {
        let (vault, photos) = (Vault::in_memory().unwrap(), Photos::in_memory(40_000).unwrap());
        let community: CommunityId = "fumin".parse().unwrap();
        let subject = Subject::Parcel(community.clone(), ParcelId(Uuid::from_u128(1)));
        let now = at("2022-11-10T09:00:00Z");
        let keep = |photo, bytes: usize| {
            photos.keep(&vault, of(&community, photo), &subject, &vec![1; bytes], now)
        };
        keep(1, 1_000).unwrap();
        assert!(matches!(keep(2, 60_000), Err(PhotosError::Full)));
        assert_eq!(photos.read(&vault, of(&community, 2)).unwrap(), None);
        assert_eq!(photos.read(&vault, of(&community, 1)).unwrap(), Some(vec![1; 1_000]));
    }
}
