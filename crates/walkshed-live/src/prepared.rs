//! The prepared register file: the register of one version, and the positions of its facilities and cells on the streets, in a
//! form that is read several times faster than the database. It may be deleted at any time.
//!
//! | bytes | content |
//! | --- | --- |
//! | 0-103 | [`Header`] |
//! | from 104 | facilities, other records, facilities on the streets, population cells on the streets |

use bytemuck::{Pod, Zeroable, bytes_of, bytes_of_mut};
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use walkshed_analysis::world::World;
use walkshed_engine::{FileError, Network, replace_private_file};
use walkshed_register::{BINARY_FORMAT, BinaryError, Calendar, Register, RegisterBytes};
use walkshed_store::{RegisterStamp, RegisterState};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

const MAGIC: [u8; 8] = *b"WALKSREG";
/// The version of the header and of the tables on the streets. Increment it whenever the meaning of a byte changes.
const FORMAT: u32 = 1;
const HEADER: usize = size_of::<Header>();
/// Index of the first part that depends on the streets.
const FIRST_LAYER: usize = 2;
const PARTS: usize = 4;

/// The header. All numbers are little-endian.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Header {
    magic: [u8; 8],
    /// Length of the whole file.
    length: u64,
    /// XXH3-64 of the header with zero in this field, followed by the parts.
    checksum: u64,
    /// Hash of the program version and of the format versions.
    program: u64,
    version: u64,
    stamp: [u8; 16],
    /// Checksum of the prepared streets, and hash of the profiles. Zero without streets.
    streets: u64,
    profiles: u64,
    /// Length of each part. Without streets, the last two are empty.
    parts: [u64; PARTS],
}

/// Why a prepared register file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("there is none")]
    Missing,
    #[error("it cannot be read: {0}")]
    Io(io::Error),
    #[error("it is not a prepared register")]
    Foreign,
    #[error("it was written by another version of walkshed")]
    OtherProgram,
    #[error("it contains version {found} of the register, the database contains version {current}")]
    OtherVersion { found: u64, current: u64 },
    #[error("it belongs to another database, or the database was changed by another program")]
    OtherDatabase,
    #[error("it is truncated or damaged: {0}")]
    Damaged(&'static str),
    #[error("it is damaged: {0}")]
    Binary(#[from] BinaryError),
}

impl Unusable {
    /// Returns whether the file is faulty, and not only missing or out of date.
    pub const fn is_fault(&self) -> bool {
        matches!(self, Self::Io(_) | Self::Foreign | Self::Damaged(_) | Self::Binary(_))
    }
}

/// A file whose checksum has been verified and that contains the current register.
pub struct PreparedRegister {
    bytes: Vec<u8>,
    header: Header,
}

impl PreparedRegister {
    /// Reads the file, and verifies that it contains the register in the given state.
    pub fn read(path: &Path, state: RegisterState) -> Result<Self, Unusable> {
        let failed =
            |e: io::Error| if e.kind() == io::ErrorKind::NotFound { Unusable::Missing } else { Unusable::Io(e) };
        // A pipe would block, and a large file of another kind would fill the memory.
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if !metadata.is_file() {
            return Err(Unusable::Foreign);
        }
        let mut file = std::fs::File::open(path).map_err(failed)?;
        let mut bytes = vec![0; HEADER];
        file.read_exact(&mut bytes).map_err(|_| Unusable::Foreign)?;
        if Self::header(&bytes)?.length != metadata.len() {
            return Err(Unusable::Damaged("its length is wrong"));
        }
        file.take(metadata.len()).read_to_end(&mut bytes).map_err(failed)?;
        Self::verify(bytes, state)
    }

    /// Reads the header of a file of this program.
    fn header(bytes: &[u8]) -> Result<Header, Unusable> {
        let mut header = Header::zeroed();
        let start = bytes.get(..HEADER).ok_or(Unusable::Foreign)?;
        bytes_of_mut(&mut header).copy_from_slice(start);
        if header.magic != MAGIC {
            return Err(Unusable::Foreign);
        }
        if header.program != program() {
            return Err(Unusable::OtherProgram);
        }
        Ok(header)
    }

    fn verify(bytes: Vec<u8>, state: RegisterState) -> Result<Self, Unusable> {
        let header = Self::header(&bytes)?;
        if header.length != bytes.len() as u64 {
            return Err(Unusable::Damaged("its length is wrong"));
        }
        if header.checksum != checksum(header, [&bytes[HEADER..]]) {
            return Err(Unusable::Damaged("its checksum does not match"));
        }
        let total = header.parts.iter().try_fold(HEADER as u64, |sum, part| sum.checked_add(*part));
        if total != Some(header.length) {
            return Err(Unusable::Damaged("its parts have other lengths"));
        }
        if header.version != state.version {
            return Err(Unusable::OtherVersion { found: header.version, current: state.version });
        }
        if state.stamp != Some(RegisterStamp(header.stamp)) {
            return Err(Unusable::OtherDatabase);
        }
        Ok(Self { bytes, header })
    }

    fn part(&self, index: usize) -> &[u8] {
        let start = HEADER + self.header.parts[..index].iter().sum::<u64>() as usize;
        let range: Range<usize> = start..start + self.header.parts[index] as usize;
        // In range: the lengths of the parts add up to that of the file.
        &self.bytes[range]
    }

    /// Returns the register.
    pub fn register(&self, calendar: Arc<Calendar>) -> Result<Register, Unusable> {
        let bytes = RegisterBytes { facilities: self.part(0), others: self.part(1) };
        let register = Register::from_bytes(&bytes, calendar)?;
        if register.version == self.header.version {
            Ok(register)
        } else {
            Err(Unusable::Damaged("the versions differ"))
        }
    }

    /// Returns whether the file contains positions on streets.
    pub fn has_layers(&self) -> bool {
        self.header.streets != 0
    }

    /// Returns the tables of the facilities and of the population on a network; `None` if they are those of other streets or
    /// profiles.
    pub fn layers(&self, network: &Network) -> Option<[&[u8]; 2]> {
        let fits = (self.header.streets, self.header.profiles) == streets_key(network);
        fits.then(|| [self.part(FIRST_LAYER), self.part(FIRST_LAYER + 1)])
    }
}

/// Writes the file. Replaces an existing one atomically.
pub fn write(path: &Path, world: &World, stamp: RegisterStamp) -> Result<(), FileError> {
    replace_private_file(path, &to_bytes(world, stamp))
}

fn to_bytes(world: &World, stamp: RegisterStamp) -> Vec<u8> {
    let RegisterBytes { facilities, others } = world.register.to_bytes();
    let [facility_layer, population_layer] = world.layer_bytes().unwrap_or_default();
    let parts = [facilities, others, facility_layer, population_layer];
    let (streets, profiles) = world.network().map(streets_key).unwrap_or_default();
    let length = HEADER + parts.iter().map(Vec::len).sum::<usize>();
    let mut header = Header {
        magic: MAGIC,
        length: length as u64,
        checksum: 0,
        program: program(),
        version: world.register.version,
        stamp: stamp.0,
        streets,
        profiles,
        parts: parts.each_ref().map(|part| part.len() as u64),
    };
    header.checksum = checksum(header, parts.each_ref().map(Vec::as_slice));
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(bytes_of(&header));
    for part in &parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

fn checksum<const N: usize>(header: Header, parts: [&[u8]; N]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(bytes_of(&Header { checksum: 0, ..header }));
    for part in &parts {
        hash.update(part);
    }
    hash.digest()
}

/// Identifies the program and the formats. A file of another version, or of another build of the same version, is never read:
/// the build may snap places differently. Builds are told apart by size and modification time of the executable.
fn program() -> u64 {
    static PROGRAM: LazyLock<u64> = LazyLock::new(|| {
        let build = std::env::current_exe().and_then(std::fs::metadata).ok();
        let build = build.map(|file| (file.len(), file.modified().ok()));
        xxh3_64(format!("{} {FORMAT} {BINARY_FORMAT} {build:?}", env!("CARGO_PKG_VERSION")).as_bytes())
    });
    *PROGRAM
}

/// Identifies the prepared streets and the profiles, on which the positions on the streets depend.
fn streets_key(network: &Network) -> (u64, u64) {
    (network.checksum(), network.profiles().fingerprint())
}

#[cfg(test)]
#[path = "prepared_tests.rs"]
mod tests;
