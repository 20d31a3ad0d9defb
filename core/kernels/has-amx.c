/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Matrix units: whether they are there, and ours. */

#include "kernels/kernels.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux gives a process the tiles' large state only on demand: arch_prctl (2). */
#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_XTILEDATA 18

/* AMX and its bfloat16: CPUID leaf 7, EDX bits 24 and 22. */
gboolean
l4_has_amx (void)
{
  guint a, b, c, d;

  return __get_cpuid_count (7, 0, &a, &b, &c, &d) && (d & 1u << 22) != 0 && (d & 1u << 24) != 0
      && syscall (SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}
