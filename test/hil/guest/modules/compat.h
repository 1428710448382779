/* irq_sim.c is made for the kernel itself: what it calls is not exported to modules, but reachable by what is. */
#include <linux/irq.h>
#include <linux/irqdesc.h>
#define irq_to_desc(number) irq_data_to_desc(irq_get_irq_data(number))
