// Chain: objects in order, linked through themselves, so that adding one allocates nothing and all of a chain
// is appended to another in one step.
#pragma once

#include <boost/intrusive/slist.hpp>

namespace godwit::runtime {

// Base of what can be in a chain; in one at a time.
using ChainHook =
    boost::intrusive::slist_base_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>>;

template <class T>
class Chain {
  public:
    bool empty() const { return nodes_.empty(); }
    std::size_t size() const { return nodes_.size(); }
    // `node` lives until it was taken out.
    void push_back(T& node) { nodes_.push_back(node); }
    // Appends all of `more`, which is empty then.
    void splice(Chain& more) { nodes_.splice_after(nodes_.last(), more.nodes_); }
    // Takes the first one out; null when there is none.
    T* pop_front() {
        if (nodes_.empty()) return nullptr;
        T& node = nodes_.front();
        nodes_.pop_front();
        return &node;
    }

  private:
    boost::intrusive::slist<T, boost::intrusive::base_hook<ChainHook>, boost::intrusive::cache_last<true>>
        nodes_;
};

}  // namespace godwit::runtime
