/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ways by which the world is told, by one table of functions. */

#include "tell/tell.h"

void
l4_tell_alert (L4Tell *self, const L4Alert *alert)
{
  self->alert (self, alert);
}

void
l4_tell_said (L4Tell *self, const L4Said *said)
{
  if (self->said != NULL)
    self->said (self, said);
}

void
l4_tell_presence (L4Tell *self, const char *camera, gboolean present)
{
  if (self->presence != NULL)
    self->presence (self, camera, present);
}

void
l4_tell_get_counters (L4Tell *self, L4TellCounters *counters)
{
  self->get_counters (self, counters);
}

gboolean
l4_tell_finish (L4Tell *self, guint ms)
{
  return self->finish (self, ms);
}

void
l4_tell_free (L4Tell *self)
{
  if (self != NULL)
    self->free (self);
}
