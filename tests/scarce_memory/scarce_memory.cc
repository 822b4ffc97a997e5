// Preloaded into the program: one of its allocations finds no memory, and so do all that come later.
//
//   GODWIT_SCARCE=allocation  the one at GODWIT_SCARCE_AT, of malloc and operator new, from 1. The handler
//   that the program
//                             gave to mimalloc hears of it, as it does of a real one.
//   GODWIT_SCARCE=mapping     the same for mmap of memory, which mimalloc and the stock of buffers live on.
//
// Counting begins when the program registers its handler, which is the first thing that it does.
#include <dlfcn.h>
#include <mimalloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

enum Kind : int { kNone, kAllocation, kMapping };

std::atomic<Kind> kind = kNone;
std::atomic<long> left = 0;
mi_error_fun* handler = nullptr;
void* handler_argument = nullptr;

bool fails(Kind asked) {
    return kind.load(std::memory_order_relaxed) == asked && left.fetch_sub(1, std::memory_order_relaxed) <= 1;
}

// Where it returns, the program goes on without memory.
bool allocation_fails() {
    if (!fails(kAllocation)) return false;
    handler(ENOMEM, handler_argument);
    errno = ENOMEM;
    return true;
}

void* throwing(void* block) {
    if (!block) throw std::bad_alloc();
    return block;
}

void begin_counting() {
    const char* named = std::getenv("GODWIT_SCARCE");
    const char* at = std::getenv("GODWIT_SCARCE_AT");
    if (!named || !at) return;
    left = std::atol(at);
    kind = std::strcmp(named, "mapping") == 0 ? kMapping : kAllocation;
}

}  // namespace

extern "C" {

void mi_register_error(mi_error_fun* function, void* argument) {
    handler = function;
    handler_argument = argument;
    using Register = void (*)(mi_error_fun*, void*);
    reinterpret_cast<Register>(::dlsym(RTLD_NEXT, "mi_register_error"))(function, argument);
    begin_counting();
}

void* malloc(size_t size) noexcept {
    return allocation_fails() ? nullptr : mi_malloc(size);
}
void* calloc(size_t count, size_t size) noexcept {
    return allocation_fails() ? nullptr : mi_calloc(count, size);
}
void* realloc(void* block, size_t size) noexcept {
    return allocation_fails() ? nullptr : mi_realloc(block, size);
}
void* aligned_alloc(size_t alignment, size_t size) noexcept {
    return allocation_fails() ? nullptr : mi_aligned_alloc(alignment, size);
}
int posix_memalign(void** block, size_t alignment, size_t size) noexcept {
    return allocation_fails() ? ENOMEM : mi_posix_memalign(block, alignment, size);
}

void* mmap(void* address, size_t size, int protection, int flags, int file, off_t offset) noexcept {
    if ((flags & MAP_ANONYMOUS) && fails(kMapping)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return reinterpret_cast<void*>(::syscall(SYS_mmap, address, size, protection, flags, file, offset));
}

}  // extern "C"

void* operator new(std::size_t size) {
    return throwing(allocation_fails() ? nullptr : mi_new_nothrow(size));
}
void* operator new[](std::size_t size) {
    return throwing(allocation_fails() ? nullptr : mi_new_nothrow(size));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    auto bytes = static_cast<std::size_t>(alignment);
    return throwing(allocation_fails() ? nullptr : mi_new_aligned_nothrow(size, bytes));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return allocation_fails() ? nullptr : mi_new_nothrow(size);
}
void operator delete(void* block) noexcept {
    mi_free(block);
}
void operator delete[](void* block) noexcept {
    mi_free(block);
}
void operator delete(void* block, std::size_t) noexcept {
    mi_free(block);
}
void operator delete[](void* block, std::size_t) noexcept {
    mi_free(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
    mi_free(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
    mi_free(block);
}
