/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the processor can run what this project was compiled to. */

#include <cpuid.h>
#include <stdlib.h>
#include <string.h>

#include "llama4.h"

static const struct
{
  const char *name;
  guint leaf, bit;           /* of ECX (Intel's and AMD's manuals, CPUID) */
} needed[] = {
  {"SSE3", 1, 0}, {"SSSE3", 1, 9}, {"CMPXCHG16B", 1, 13}, {"SSE4.1", 1, 19}, {"SSE4.2", 1, 20}, {"POPCNT", 1, 23}, {"LAHF", 0x80000001, 0},
};

const char *
l4_processor_lacks (void)
{
  static char names[G_N_ELEMENTS (needed) * 12];
  const char *forced = getenv ("L4_CPU");
  int first = forced != NULL && strcmp (forced, "x86-64") == 0;

  names[0] = '\0';
  for (guint i = 0; i < G_N_ELEMENTS (needed); i++) {
    guint eax, ebx, ecx = 0, edx;

    if (!first && __get_cpuid (needed[i].leaf, &eax, &ebx, &ecx, &edx) && (ecx >> needed[i].bit & 1) != 0)
      continue;
    strcat (names, names[0] != '\0' ? ", " : "");
    strcat (names, needed[i].name);
  }
  return names[0] != '\0' ? names : NULL;
}
