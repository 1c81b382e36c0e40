//! Where a tiled log keeps what it serves (C2SP tlog-tiles): paths to resources and back.

use alloc::format;
use alloc::string::String;

/// Hashes in a full tile, entries in a full bundle.
pub(crate) const TILE_WIDTH: u16 = 256;

/// Something that a tiled log serves. Widths are 1 to 256; 256 is a full tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// `checkpoint`
    Checkpoint,
    /// `tile/<level>/<index>[.p/<width>]`
    HashTile {
        /// Tile level: its hashes stand at tree level `8 × level`.
        level: u8,
        /// Which tile of the level.
        index: u64,
        /// How many hashes.
        width: u16,
    },
    /// `tile/entries/<index>[.p/<width>]`
    Entries {
        /// Which bundle.
        index: u64,
        /// How many entries.
        width: u16,
    },
}

impl Resource {
    /// Reads a path relative to the log's prefix; nothing for any path that the specification does not write so.
    pub fn parse(path: &str) -> Option<Resource> {
        if path == "checkpoint" {
            return Some(Resource::Checkpoint);
        }
        let (kind, place) = path.strip_prefix("tile/")?.split_once('/')?;
        let (number, width) = match place.split_once(".p/") {
            Some((number, width)) => (
                number,
                width
                    .parse::<u16>()
                    .ok()
                    .filter(|width| (1..TILE_WIDTH).contains(width))?,
            ),
            None => (place, TILE_WIDTH),
        };
        let index = parse_index(number)?;
        let resource = match kind {
            "entries" => Resource::Entries { index, width },
            level => Resource::HashTile {
                level: level.parse().ok().filter(|level| *level < 64)?,
                index,
                width,
            },
        };
        // One way to write each: `07`, `+7` and `x000/007` all fail here.
        (resource.path() == path).then_some(resource)
    }

    /// The path relative to the log's prefix.
    pub fn path(&self) -> String {
        match self {
            Resource::Checkpoint => String::from("checkpoint"),
            Resource::HashTile { level, index, width } => place(&format!("tile/{level}"), *index, *width),
            Resource::Entries { index, width } => place("tile/entries", *index, *width),
        }
    }
}

fn place(folder: &str, index: u64, width: u16) -> String {
    let mut number = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        number = format!("x{:03}/{number}", rest % 1000);
        rest /= 1000;
    }
    if width < TILE_WIDTH {
        format!("{folder}/{number}.p/{width}")
    } else {
        format!("{folder}/{number}")
    }
}

fn parse_index(text: &str) -> Option<u64> {
    let mut index = 0_u64;
    for group in text.split('/') {
        let digits = group.strip_prefix('x').unwrap_or(group);
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_in_the_specification() {
        let entries = |index, width| Resource::Entries { index, width };
        let tile = |level, index, width| Resource::HashTile { level, index, width };
        for (path, expected) in [
            ("checkpoint", Resource::Checkpoint),
            ("tile/0/000", tile(0, 0, 256)),
            ("tile/0/x001/x234/067", tile(0, 1_234_067, 256)),
            ("tile/2/x001/000.p/255", tile(2, 1000, 255)),
            ("tile/entries/999.p/1", entries(999, 1)),
        ] {
            assert_eq!(Resource::parse(path), Some(expected), "{path}");
            assert_eq!(expected.path(), path);
        }
    }

    #[test]
    fn other_ways_to_write_them_are_refused() {
        for path in [
            "",
            "/checkpoint",
            "checkpoint/",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/0000",
            "tile/00/000",
            "tile/64/000",
            "tile/0/x000/001",
            "tile/0/001/001",
            "tile/0/x001",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/07",
            "tile/0/+01",
            "tile/entries/000/",
            "tile/other/000",
            "tile/entries/../000",
        ] {
            assert_eq!(Resource::parse(path), None, "{path}");
        }
    }
}
