// SPDX-License-Identifier: LGPL-2.1-or-later
// A small tree in a temporary directory, removed at the end, and the shapes a hostile image can
// give to any file in it.
#pragma once

#include <string>
#include <string_view>

#include "lib/os/fd.h"

class Tree {
 public:
    Tree();
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;
    ~Tree();

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string at(const std::string& name) const { return path_ + name; }
    /// Opened with O_PATH.
    [[nodiscard]] boxctl::os::UniqueFd open() const;

    /// Makes the file and the directories above it.
    void put(const std::string& name, std::string_view text, unsigned mode = 0644) const;
    void link(const std::string& name, const std::string& target) const;
    void directory(const std::string& name) const;
    /// Removes the file, link or empty directory if it is there.
    void clear(const std::string& name) const;

 private:
    void make_parents(const std::string& name) const;
    std::string path_;
};

/// A way to make `name` of the tree hostile or odd; `good` is what a plain file would hold.
struct Shape {
    const char* what;
    void (*make)(const Tree& tree, const std::string& name, std::string_view good);
    bool readable;  ///< the good content can be found in it
};

extern const Shape kShapes[17];
