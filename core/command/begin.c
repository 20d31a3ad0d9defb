/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs before main(), and before anything that an old processor cannot run: says so instead. */

#include <stdio.h>
#include <unistd.h>

#include "llama4.h"

__attribute__ ((constructor))
static void
check_processor (void)
{
  const char *lacks = l4_processor_lacks ();

  if (lacks == NULL)
    return;
  dprintf (STDERR_FILENO, "llama4: this processor lacks %s; x86-64-v2 is needed, which machines have since about 2010\n", lacks);
  _exit (1);
}
