//! Connected components of the network.

/// Union-find over vertices, with path halving.
pub(crate) struct Components {
    parent: Vec<u32>,
    size: Vec<u32>,
}

impl Components {
    pub(crate) fn new(vertices: usize) -> Self {
        Self { parent: (0..vertices as u32).collect(), size: vec![1; vertices] }
    }

    pub(crate) fn find(&mut self, v: u32) -> u32 {
        let mut v = v;
        while self.parent[v as usize] != v {
            let grand = self.parent[self.parent[v as usize] as usize];
            self.parent[v as usize] = grand;
            v = grand;
        }
        v
    }

    pub(crate) fn union(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        if a != b {
            let (small, large) = if self.size[a as usize] < self.size[b as usize] { (a, b) } else { (b, a) };
            self.parent[small as usize] = large;
            self.size[large as usize] += self.size[small as usize];
        }
    }
}
