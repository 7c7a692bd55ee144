//! Where source text comes from and how a place in it is named.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// A file of a [`SourceMap`]; ids are given in the order in which files are first read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

impl FileId {
    /// The position of the file in [`SourceMap::files`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A half-open range of bytes in one file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// A range of bytes of `file`.
    pub fn new(file: FileId, range: Range<usize>) -> Self {
        Span {
            file,
            start: u32::try_from(range.start).unwrap_or(u32::MAX),
            end: u32::try_from(range.end).unwrap_or(u32::MAX),
        }
    }

    /// The smallest span that holds both, or `self` where they are in different files.
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// The empty span at the end of this one: where something that is missing should have been.
    pub fn after(self) -> Span {
        Span {
            start: self.end,
            ..self
        }
    }

    /// The bytes as a range of indices.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.file.0, self.start, self.end)
    }
}

/// Reads the files that a program names. The compiler reaches files through this alone.
pub trait Loader: Send + Sync {
    /// The content of the file at `path`, or why there is none (`NotFound` makes the search go on).
    fn load(&self, path: &Path) -> io::Result<Vec<u8>>;
}

/// A function from path to content is a loader: `|path: &Path| std::fs::read(path)`.
impl<F> Loader for F
where
    F: Fn(&Path) -> io::Result<Vec<u8>> + Send + Sync,
{
    fn load(&self, path: &Path) -> io::Result<Vec<u8>> {
        self(path)
    }
}

/// A loader that knows no file: for programs that are given as text.
pub struct NoFiles;

impl Loader for NoFiles {
    fn load(&self, _path: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// One file that was read.
#[derive(Debug)]
pub struct SourceFile {
    /// The path by which it was found; embedded files have the name that an include uses, in angle brackets.
    pub path: PathBuf,
    /// Its content. Bytes that are not UTF-8 have been replaced.
    pub text: Arc<str>,
    /// Whether it is part of the compiler rather than read through the loader.
    pub embedded: bool,
    /// Offsets at which lines begin.
    line_starts: Vec<u32>,
}

/// Position of a byte as people count: both from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Where the text of a span came from, if it is the use of a macro.
#[derive(Clone, Debug)]
pub struct Expansion {
    /// The macro's name.
    pub name: Arc<str>,
    /// The `#define` of the macro; `None` for one given on the command line.
    pub definition: Option<Span>,
}

/// All files of a compilation.
pub struct SourceMap {
    loader: Box<dyn Loader>,
    files: Vec<SourceFile>,
    by_path: HashMap<PathBuf, FileId>,
    expansions: HashMap<Span, Expansion>,
}

impl SourceMap {
    /// An empty map that reads through `loader`.
    pub fn new(loader: impl Loader + 'static) -> Self {
        SourceMap {
            loader: Box::new(loader),
            files: Vec::new(),
            by_path: HashMap::new(),
            expansions: HashMap::new(),
        }
    }

    /// Reads the file at `path`, or returns it if it has been read before.
    pub fn load(&mut self, path: &Path) -> io::Result<FileId> {
        let path = normalized(path);
        if let Some(&file) = self.by_path.get(&path) {
            return Ok(file);
        }
        let bytes = self.loader.load(&path)?;
        if bytes.len() >= u32::MAX as usize {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "the file is larger than 4 GiB",
            ));
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(self.insert(path, text, false))
    }

    /// Adds a file given as text, read from nowhere. A later [`SourceMap::load`] of the same path returns it.
    pub fn add(&mut self, path: impl AsRef<Path>, text: impl Into<String>) -> FileId {
        self.insert(normalized(path.as_ref()), text.into(), false)
    }

    /// Adds a file that is part of the compiler, shown as `<name>`.
    pub(crate) fn add_embedded(&mut self, name: &str, text: &str) -> FileId {
        let path = PathBuf::from(format!("<{name}>"));
        match self.by_path.get(&path) {
            Some(&file) => file,
            None => self.insert(path, text.to_owned(), true),
        }
    }

    fn insert(&mut self, path: PathBuf, text: String, embedded: bool) -> FileId {
        let file = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at as u32 + 1))
            .collect();
        self.by_path.insert(path.clone(), file);
        self.files.push(SourceFile {
            path,
            text: text.into(),
            embedded,
            line_starts,
        });
        file
    }

    /// The files read so far, in the order of their ids.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The paths of those that are no part of the compiler: what its output depends on.
    pub fn dependencies(&self) -> impl Iterator<Item = &PathBuf> {
        let own = self.files.iter().filter(|file| !file.embedded);
        own.map(|file| &file.path)
    }

    /// The file with this id, which must be of this map.
    pub fn file(&self, file: FileId) -> &SourceFile {
        &self.files[file.index()]
    }

    /// The text of a span; empty where the span is not of this map.
    pub fn text(&self, span: Span) -> &str {
        self.files
            .get(span.file.index())
            .and_then(|file| file.text.get(span.range()))
            .unwrap_or("")
    }

    /// Where a span begins.
    pub fn position(&self, span: Span) -> LineColumn {
        let file = self.file(span.file);
        let line = file
            .line_starts
            .partition_point(|&start| start <= span.start);
        let line_start = file.line_starts[line - 1] as usize;
        let column = file
            .text
            .get(line_start..span.start as usize)
            .map_or(0, |text| text.chars().count());
        LineColumn {
            line,
            column: column + 1,
        }
    }

    /// Notes that the tokens at `span` came from a macro.
    pub(crate) fn record_expansion(&mut self, span: Span, expansion: Expansion) {
        self.expansions.entry(span).or_insert(expansion);
    }

    /// The macro that the text at `span` is a use of, if it is one.
    pub fn expansion(&self, span: Span) -> Option<&Expansion> {
        self.expansions.get(&span)
    }
}

/// The path without `.` and, where that needs no file system, without `..`.
fn normalized(path: &Path) -> PathBuf {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_from_one_and_in_characters() {
        let mut sources = SourceMap::new(NoFiles);
        let file = sources.add("a.p4", "one\nzwölf x\n");
        let x = sources.file(file).text.find('x').unwrap();
        let position = sources.position(Span::new(file, x..x + 1));
        assert_eq!(position, LineColumn { line: 2, column: 7 });
        assert_eq!(
            sources.position(Span::new(file, 0..0)),
            LineColumn { line: 1, column: 1 }
        );
    }

    #[test]
    fn a_file_is_read_once_however_it_is_spelled() {
        let mut sources = SourceMap::new(|_: &Path| Ok(b"x".to_vec()));
        let first = sources.load(Path::new("dir/./a.p4")).unwrap();
        let second = sources.load(Path::new("dir/sub/../a.p4")).unwrap();
        assert_eq!(first, second);
        assert_eq!(sources.files().len(), 1);
    }
}
