// SPDX-License-Identifier: LGPL-2.1-or-later
// Tap: all output of a box's console, once, as it is read, for everybody who asked for it: the
// kept log, a wait for the line that says "ready". Listeners must not block: the box would wait
// for them.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace boxctl::console {

class Tap {
    struct Entry;

 public:
    using Listener = std::function<void(std::span<const char>)>;

    /// A listener's place, given up when this goes; the Tap has to live longer. May go at any
    /// time, also from inside a listener: what it held is not called again.
    class [[nodiscard]] Hold {
     public:
        Hold() = default;
        Hold(Hold&& other) noexcept
                : tap_(std::exchange(other.tap_, nullptr)), entry_(other.entry_) {}
        Hold& operator=(Hold&& other) noexcept {
            if (this == &other) return *this;
            reset();
            tap_ = std::exchange(other.tap_, nullptr);
            entry_ = other.entry_;
            return *this;
        }
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;
        ~Hold() { reset(); }
        [[nodiscard]] bool active() const { return tap_ != nullptr; }
        void reset() {
            if (tap_ != nullptr) std::exchange(tap_, nullptr)->remove(entry_);
        }

     private:
        friend class Tap;
        Hold(Tap* tap, Entry* entry) : tap_(tap), entry_(entry) {}
        Tap* tap_ = nullptr;
        Entry* entry_ = nullptr;
    };

    Tap() = default;
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;
    ~Tap() = default;

    /// From now on `listener` is called for every piece, behind those that came before it.
    Hold listen(Listener listener) {
        entries_.push_back(std::make_unique<Entry>(Entry{std::move(listener), false}));
        return {this, entries_.back().get()};
    }

    /// Not to be called from a listener.
    void give(std::span<const char> data) {
        giving_ = true;
        // By index: a listener may add another, which starts with the next piece.
        const size_t count = entries_.size();
        for (size_t i = 0; i < count; i++) {
            if (!entries_[i]->gone) entries_[i]->listener(data);
        }
        giving_ = false;
        sweep();
    }

 private:
    struct Entry {
        Listener listener;
        bool gone;
    };

    /// A listener that is being called keeps what it captured until it returns.
    void remove(Entry* entry) {
        entry->gone = true;
        if (!giving_) sweep();
    }
    void sweep() {
        std::erase_if(entries_, [](const auto& entry) { return entry->gone; });
    }

    std::vector<std::unique_ptr<Entry>> entries_;
    bool giving_ = false;
};

}  // namespace boxctl::console
