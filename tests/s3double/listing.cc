#include "s3double/listing.h"

#include <optional>

namespace godwit::s3double {

namespace {

// A walk over keys in order that can jump ahead; what differs between real and computed buckets.
class KeyWalk {
  public:
    virtual ~KeyWalk() = default;
    // To the first key that is not below (or, if not `inclusive`, above) `key`.
    virtual void seek(const std::string& key, bool inclusive) = 0;
    virtual bool at_end() const = 0;
    virtual const std::string& key() const = 0;
    virtual PageEntry entry() const = 0;
    virtual void advance() = 0;
};

class StoredWalk : public KeyWalk {
  public:
    StoredWalk(const Bucket& bucket, bool stale) : objects_(bucket.objects), stale_(stale) {
        at_ = objects_.begin();
    }

    void seek(const std::string& key, bool inclusive) override {
        at_ = inclusive ? objects_.lower_bound(key) : objects_.upper_bound(key);
        skip_invisible();
    }
    bool at_end() const override { return at_ == objects_.end(); }
    const std::string& key() const override { return at_->first; }
    PageEntry entry() const override {
        const ObjectVersion& version = *visible();
        PageEntry entry;
        entry.key = at_->first;
        entry.size_bytes = version.size_bytes();
        entry.etag = version.etag;
        entry.modified_ns = version.modified_ns;
        if (!version.attributes.storage_class.empty()) entry.storage_class = version.attributes.storage_class;
        if (version.checksum) {
            entry.checksum_algorithm = checksum_name(version.checksum->digest.algorithm()).wire;
            entry.checksum_type = version.checksum->type();
        }
        return entry;
    }
    void advance() override {
        ++at_;
        skip_invisible();
    }

  private:
    const ObjectVersion* visible() const {
        const auto& versions = at_->second.versions;
        if (!stale_) return at_->second.current();
        if (versions.size() < 2) return nullptr;
        const ObjectVersion* before = versions[versions.size() - 2].get();
        return before->delete_marker ? nullptr : before;
    }
    void skip_invisible() {
        while (!at_end() && !visible()) ++at_;
    }

    const std::map<std::string, ObjectHistory, std::less<>>& objects_;
    bool stale_;
    std::map<std::string, ObjectHistory, std::less<>>::const_iterator at_;
};

class SyntheticWalk : public KeyWalk {
  public:
    explicit SyntheticWalk(const Synthetic& synthetic) : synthetic_(synthetic) { load(); }

    void seek(const std::string& key, bool inclusive) override {
        index_ = synthetic_.lower_bound(key);
        load();
        if (!inclusive && !at_end() && key_ == key) advance();
    }
    bool at_end() const override { return index_ >= synthetic_.count; }
    const std::string& key() const override { return key_; }
    PageEntry entry() const override {
        PageEntry entry;
        entry.key = key_;
        entry.size_bytes = synthetic_.size_of(index_);
        entry.etag = synthetic_.etag(index_);
        entry.modified_ns = synthetic_.modified_ns;
        entry.checksum_algorithm = "CRC64NVME";
        entry.checksum_type = "FULL_OBJECT";
        return entry;
    }
    void advance() override {
        ++index_;
        load();
    }

  private:
    void load() {
        while (!at_end() && !synthetic_.holds(index_)) ++index_;
        if (!at_end()) key_ = synthetic_.key(index_);
    }

    const Synthetic& synthetic_;
    std::uint64_t index_ = 0;
    std::string key_;
};

// The common prefix that `key` falls under; absent when it stands for itself.
std::optional<std::string> group_of(const std::string& key, const PageRequest& request) {
    if (request.delimiter.empty()) return std::nullopt;
    std::size_t at = key.find(request.delimiter, request.prefix.size());
    if (at == std::string::npos) return std::nullopt;
    return key.substr(0, at + request.delimiter.size());
}

// Past every key that starts with `group`.
void skip_group(KeyWalk& walk, const std::string& group) {
    std::string last = group;
    while (!last.empty() && static_cast<unsigned char>(last.back()) == 0xff) last.pop_back();
    if (last.empty()) {
        while (!walk.at_end()) walk.advance();
        return;
    }
    last.back() = static_cast<char>(static_cast<unsigned char>(last.back()) + 1);
    walk.seek(last, true);
}

void start_walk(KeyWalk& walk, const PageRequest& request) {
    if (request.after < request.prefix)
        walk.seek(request.prefix, true);
    else
        walk.seek(request.after, false);
}

ListPage walk_page(KeyWalk& walk, const PageRequest& request) {
    ListPage page;
    if (request.entries_max == 0) return page;
    start_walk(walk, request);
    while (!walk.at_end() && walk.key().starts_with(request.prefix)) {
        auto group = group_of(walk.key(), request);
        if (group && *group == request.after) {
            skip_group(walk, *group);
            continue;
        }
        if (page.entries.size() == request.entries_max) {
            page.truncated = true;
            break;
        }
        if (group) {
            page.entries.emplace_back().key = *group;
            page.entries.back().is_prefix = true;
            skip_group(walk, *group);
        } else {
            page.entries.push_back(walk.entry());
            walk.advance();
        }
    }
    if (!page.entries.empty()) page.next = page.entries.back().key;
    return page;
}

}  // namespace

ListPage list_page(const Bucket& bucket, const PageRequest& request) {
    if (bucket.synthetic) {
        SyntheticWalk walk(*bucket.synthetic);
        return walk_page(walk, request);
    }
    StoredWalk walk(bucket, request.stale);
    return walk_page(walk, request);
}

}  // namespace godwit::s3double
