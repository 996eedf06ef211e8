// SPDX-License-Identifier: LGPL-2.1-or-later
// What rows are made of: typed access to a field by its member pointer. Included by rows_*.h only,
// which in turn only table.cc includes, so that one compilation sees all rows and can check them.
#pragma once

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lib/settings/table.h"
#include "lib/settings/values.h"

namespace boxctl::settings {

template <class Part>
inline constexpr Part Settings::*kPart = nullptr;
template <>
inline constexpr auto kPart<ImageSettings> = &Settings::image;
template <>
inline constexpr auto kPart<ExecSettings> = &Settings::exec;
template <>
inline constexpr auto kPart<FilesSettings> = &Settings::files;
template <>
inline constexpr auto kPart<NetworkSettings> = &Settings::network;
template <>
inline constexpr auto kPart<SecuritySettings> = &Settings::security;
template <>
inline constexpr auto kPart<ResourceSettings> = &Settings::resources;
template <>
inline constexpr auto kPart<ConsoleSettings> = &Settings::console;
template <>
inline constexpr auto kPart<ToolSettings> = &Settings::tool;

template <class Member>
struct MemberOf;
template <class PartType, class Type>
struct MemberOf<Field<Type> PartType::*> {
    using Part = PartType;
    using Value = Type;
};

// How one more value joins those that are there.
template <class T>
void merge_into(std::vector<T>& have, T&& more) {
    have.push_back(std::forward<T>(more));
}
inline void merge_into(std::vector<Variable>& have, Variable&& more) {
    std::erase_if(have, [&](const Variable& old) { return old.name == more.name; });
    have.push_back(std::move(more));
}
inline void merge_into(std::vector<Variable>& have, std::vector<Variable>&& more) {
    for (Variable& variable : more)
        merge_into(have, std::move(variable));
}
inline void merge_into(std::vector<LimitSetting>& have, LimitSetting&& more) {
    std::erase_if(have, [&](const LimitSetting& old) {
        return old.limit.resource == more.limit.resource;
    });
    have.push_back(std::move(more));
}
inline void merge_into(std::vector<BoundUser>& have, BoundUser&& more) {
    std::erase_if(have, [&](const BoundUser& old) { return old.name == more.name; });
    have.push_back(std::move(more));
}
inline void merge_into(std::vector<Credential>& have, Credential&& more) {
    std::erase_if(have, [&](const Credential& old) { return old.name == more.name; });
    have.push_back(std::move(more));
}
inline void merge_into(std::vector<uint32_t>& have, std::vector<uint32_t>&& more) {
    have.insert(have.end(), more.begin(), more.end());
    std::sort(have.begin(), have.end());
    have.erase(std::unique(have.begin(), have.end()), have.end());
}
inline void merge_into(uint64_t& mask, uint64_t&& more) {
    mask |= more;
}
inline void merge_into(security::CallWishes& have, security::CallWishes&& more) {
    have.allowed.insert(have.allowed.end(), more.allowed.begin(), more.allowed.end());
    have.denied.insert(have.denied.end(), more.denied.begin(), more.denied.end());
}
inline void merge_into(security::FamilyFilter& have, security::FamilyFilter&& more) {
    security::merge(have, more);
}
inline void merge_into(SharedNamespaces& have, SharedNamespaces&& more) {
    have.ipc |= more.ipc;
    have.uts |= more.uts;
    have.cgroup |= more.cgroup;
    have.time |= more.time;
}

// Elements that know where they come from themselves: many sources may add to one list.
template <class T>
concept HasOrigin = requires(T value) {
    value.origin = Origin();
};
template <class T>
void set_origin(T&, const Origin&) {
}
template <HasOrigin T>
void set_origin(T& value, const Origin& origin) {
    value.origin = origin;
}
template <HasOrigin T>
void set_origin(std::vector<T>& values, const Origin& origin) {
    for (T& value : values)
        value.origin = origin;
}

inline std::vector<std::string> as_texts(std::vector<std::string> texts) {
    return texts;
}
inline std::vector<std::string> as_texts(std::string text) {
    if (text.empty()) return {};
    return {std::move(text)};
}

template <auto Member, auto Parse, auto Write>
struct Cell {
    using Part = typename MemberOf<decltype(Member)>::Part;
    using Value = typename MemberOf<decltype(Member)>::Value;

    static auto parse(const Input& input) {
        if constexpr (requires { Parse(input); }) {
            return Parse(input);
        } else if constexpr (requires { Parse(input.text, input.caller); }) {
            return Parse(input.text, input.caller);
        } else {
            return Parse(input.text);
        }
    }
    static Field<Value>& field(Settings& settings) { return settings.*kPart<Part>.*Member; }
    static const Field<Value>& field(const Settings& settings) {
        return settings.*kPart<Part>.*Member;
    }

    static Result<void> replace(Settings& settings, const Input& input) {
        auto value = BOX_TRY(parse(input));
        Field<Value>& have = field(settings);
        if (input.origin.source < have.origin.source) return {};
        have.value = std::move(value);
        have.origin = input.origin;
        return {};
    }
    template <Merge How>
    static Result<void> add(Settings& settings, const Input& input) {
        auto value = BOX_TRY(parse(input));
        Field<Value>& have = field(settings);
        if (input.origin.source < have.origin.source) return {};
        const bool better = input.origin.source > have.origin.source;
        if (better && How == Merge::append) have.value = {};
        set_origin(value, input.origin);
        merge_into(have.value, std::move(value));
        have.origin = input.origin;
        return {};
    }
    static std::vector<std::string> write(const Settings& settings) {
        return as_texts(Write(field(settings).value));
    }
    static std::vector<Written> list(const Settings& settings) {
        std::vector<Written> values;
        if constexpr (requires { requires HasOrigin<typename Value::value_type>; }) {
            for (const auto& element : field(settings).value) {
                for (std::string& text : as_texts(Write(Value{element})))
                    values.push_back({std::move(text), element.origin});
            }
        } else {
            for (std::string& text : write(settings))
                values.push_back({std::move(text), origin(settings)});
        }
        return values;
    }
    static const Origin& origin(const Settings& settings) { return field(settings).origin; }
};

/// A field that the last value wins.
template <auto Member, auto Parse, auto Write>
constexpr Access replaces() {
    using This = Cell<Member, Parse, Write>;
    return {Merge::last,    std::is_same_v<typename This::Value, bool>,
            &This::replace, &This::write,
            &This::list,    &This::origin};
}

/// A field that collects values.
template <auto Member, auto Parse, auto Write>
constexpr Access appends() {
    using This = Cell<Member, Parse, Write>;
    return {Merge::append, false,       &This::template add<Merge::append>,
            &This::write,  &This::list, &This::origin};
}

/// The same, but values of a lesser source stay unless they have the same name.
template <auto Member, auto Parse, auto Write>
constexpr Access joins() {
    using This = Cell<Member, Parse, Write>;
    return {Merge::join,  false,       &This::template add<Merge::join>,
            &This::write, &This::list, &This::origin};
}

/// yes or no.
template <auto Member>
constexpr Access flag() {
    return replaces<Member, to_bool, write_bool>();
}

}  // namespace boxctl::settings
